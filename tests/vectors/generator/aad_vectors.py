"""Vectors of aad-v1: canonical encoding, row ids, the AAD of a field, and what a writer must refuse."""

from __future__ import annotations

from typing import Any

from generator.places import Row, Scope, field_aad, row_id
from generator.primitives import Refused, canonical, derive

Vector = dict[str, Any]

HEADER = b"\x01" + Scope("acme").key_id(derive("key/acme/fields/None"))

LISTS: dict[str, list[bytes]] = {
    "no-components": [],
    "one-empty": [b""],
    "two-empty": [b"", b""],
    "one": [b"a"],
    "empty-then-one": [b"", b"a"],
    "one-then-empty": [b"a", b""],
    "hyphen-in-first": [b"a-b", b"c"],
    "hyphen-in-second": [b"a", b"b-c"],
    "border-at-1": [b"a", b"bc"],
    "border-at-2": [b"ab", b"c"],
    "joined": [b"abc"],
    "nul-separated": [b"a\x00b", b"c"],
    "nul-separated-otherwise": [b"a", b"b\x00c"],
    "looks-like-a-length": [b"a\x00\x00\x00\x01b"],
    "what-it-looks-like": [b"a", b"b"],
    "an-encoding-inside": [canonical(b"a", b"b")],
    "length-256": [bytes(256)],
    "three-hundred-components": [b"x"] * 300,
    "all-byte-values": [bytes(range(256)), bytes(range(255, -1, -1))],
}


def _int(number: int) -> Row:
    return {"type": "int", "text": str(number)}


def _text(text: str) -> Row:
    return {"type": "text", "text": text}


def _uuid(text: str) -> Row:
    return {"type": "uuid", "text": text}


def _composite(*values: Row) -> Row:
    return {"type": "composite", "values": list(values)}


ROWS: dict[str, Row] = {
    **{f"int-{n}".replace("int--", "int-minus-"): _int(n) for n in (0, 1, 7, -1, 127, 128, -128, -129, 255, 256)},
    "int-2-to-63": _int(2**63),
    "int-minus-2-to-63": _int(-(2**63)),
    "int-2-to-64": _int(2**64),
    "int-minus-2-to-64-less-1": _int(-(2**64) - 1),
    "int-2-to-200": _int(2**200),
    "text-7": _text("7"),
    "text-nfc": _text("Zoë"),
    "text-nfd": _text("Zoe\u0308"),
    "text-emoji": _text("😀"),
    "text-with-nul": _text("a\x00b"),
    "text-space": _text(" "),
    "bytes-07": {"type": "bytes", "hex": "07"},
    "bytes-37": {"type": "bytes", "hex": "37"},
    "bytes-16": {"type": "bytes", "hex": "00112233445566778899aabbccddeeff"},
    "uuid": _uuid("00112233-4455-6677-8899-aabbccddeeff"),
    "uuid-nil": _uuid("00000000-0000-0000-0000-000000000000"),
    "composite-int-text": _composite(_int(7), _text("de")),
    "composite-text-int": _composite(_text("de"), _int(7)),
    "composite-border-at-1": _composite(_text("a"), _text("bc")),
    "composite-border-at-2": _composite(_text("ab"), _text("c")),
    "composite-same-twice": _composite(_int(7), _int(7)),
    "composite-every-type": _composite(
        {"type": "bytes", "hex": "00"}, _text("x"), _int(-1), _uuid("00000000-0000-0000-0000-000000000001")
    ),
}

PLACES: dict[str, tuple[str | None, str, str, Row | None]] = {
    "global": (None, "people", "email", None),
    "global-row": (None, "people", "email", _int(7)),
    "tenant": ("acme", "people", "email", None),
    "tenant-row-int": ("acme", "people", "email", _int(7)),
    "tenant-row-text": ("acme", "people", "email", _text("7")),
    "tenant-row-bytes": ("acme", "people", "email", {"type": "bytes", "hex": "07"}),
    "tenant-row-uuid": ("acme", "people", "email", _uuid("00112233-4455-6677-8899-aabbccddeeff")),
    "tenant-row-composite": ("acme", "people", "email", _composite(_int(7), _text("de"))),
    "tenant-row-minus-one": ("acme", "people", "email", _int(-1)),
    "tenant-row-2-to-64": ("acme", "people", "email", _int(2**64)),
    "hyphen-in-schema": ("acme", "a-b", "c", None),
    "hyphen-in-field": ("acme", "a", "b-c", None),
    "schema-and-field-exchanged": ("acme", "email", "people", None),
    "row-like-a-field": ("acme", "people", "email", _text("email")),
    "case": ("Acme", "people", "email", None),
    "tenant-nfc": ("Müller GmbH", "люди", "電子郵件", None),
    "tenant-nfd": ("Mu\u0308ller GmbH", "люди", "電子郵件", None),
    "spaces": (" acme ", "people", "email", None),
    "name-of-255-bytes": ("t" * 255, "s" * 255, "f" * 255, None),
    "name-of-255-bytes-in-85-characters": ("名" * 85, "people", "email", None),
    "name-of-u-00a0": ("\u00a0", "people", "email", None),
}

BAD_NAMES: dict[str, tuple[str, str]] = {
    "empty": ("", "is empty"),
    "256-bytes": ("n" * 256, "has 256 bytes"),
    "256-bytes-in-128-characters": ("é" * 128, "has 256 bytes in 128 characters"),
    "nul": ("ac\x00me", "has a NUL"),
    "newline": ("acme\n", "has a newline"),
    "unit-separator": ("ac\x1fme", "has U+001F"),
    "delete": ("ac\x7fme", "has U+007F"),
    "c1-first": ("ac\x80me", "has U+0080"),
    "c1-last": ("ac\x9fme", "has U+009F"),
    "lone-high-surrogate": ("ac\ud800me", "has a lone surrogate"),
    "lone-low-surrogate": ("ac\udfffme", "has a lone surrogate"),
}

BAD_ROWS: dict[str, tuple[Row, str]] = {
    "text-empty": (_text(""), "An empty text."),
    "text-lone-surrogate": (_text("a\ud800"), "A lone surrogate."),
    "bytes-empty": ({"type": "bytes", "hex": ""}, "An empty byte string."),
    "float": ({"type": "float", "text": "7.0"}, "A float is no row id."),
    "bool": ({"type": "bool", "text": "true"}, "A boolean is no row id, and not the integer 1."),
    "decimal": ({"type": "decimal", "text": "7"}, "A decimal is no row id."),
    "date": ({"type": "date", "text": "2024-02-29"}, "A date is no row id."),
    "null": ({"type": "null"}, "A null is no row id."),
    "composite-of-none": (_composite(), "A composite of no values."),
    "composite-of-one": (_composite(_int(7)), "A composite of one value."),
    "composite-with-empty-text": (_composite(_int(7), _text("")), "An empty text in a composite."),
    "composite-with-float": (_composite(_int(7), {"type": "float", "text": "7.0"}), "A float in a composite."),
    "composite-with-null": (_composite(_int(7), {"type": "null"}), "A null in a composite."),
    "composite-nested": (_composite(_int(7), _composite(_int(7), _int(8))), "A composite in a composite."),
}


def positive() -> list[Vector]:
    made: list[Vector] = [
        {
            "name": f"canonical-{name}",
            "kind": "canonical",
            "components": [c.hex() for c in components],
            "encoding": canonical(*components).hex(),
        }
        for name, components in LISTS.items()
    ]
    made += [
        {"name": f"row-{name}", "kind": "row-id", "row": row, "encoding": row_id(row).hex()}
        for name, row in ROWS.items()
    ]
    for name, (tenant, schema, field, row) in PLACES.items():
        place = {"tenant": tenant, "schema": schema, "field": field, "row": row}
        aad = field_aad(HEADER, tenant, schema, field, row)
        made.append({"name": f"aad-{name}", "kind": "aad", "header": HEADER.hex(), **place, "aad": aad.hex()})
    return made


def negative() -> list[Vector]:
    made: list[Vector] = []
    good: Vector = {"tenant": "acme", "schema": "people", "field": "email", "row": None}
    for what in ("tenant", "schema", "field"):
        for name, (text, fault) in BAD_NAMES.items():
            vector = {
                "name": f"{what}-{name}",
                "stage": "encode",
                "breaks": f"The {what}'s name {fault}.",
                "kind": "aad",
            }
            made.append(vector | {"header": HEADER.hex()} | good | {what: text})
    for name, (row, breaks) in BAD_ROWS.items():
        vector = {"name": f"row-{name}", "stage": "encode", "breaks": breaks, "kind": "aad"}
        made.append(vector | {"header": HEADER.hex()} | good | {"row": row})
    return made


def check(positives: list[Vector], negatives: list[Vector]) -> None:
    for kind, result in (("canonical", "encoding"), ("row-id", "encoding"), ("aad", "aad")):
        results = [vector[result] for vector in positives if vector["kind"] == kind]
        if len(set(results)) != len(results):
            raise AssertionError(f"two {kind} vectors collide")
    for vector in negatives:
        try:
            field_aad(bytes.fromhex(vector["header"]), *(vector[k] for k in ("tenant", "schema", "field", "row")))
        except Refused as refused:
            if refused.stage != vector["stage"]:
                raise AssertionError(vector["name"]) from refused
        else:
            raise AssertionError(f"{vector['name']} is not refused")
