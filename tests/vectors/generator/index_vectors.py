"""Vectors of index-v1 §2 and §3: index keys and values. Normalisers have their own list."""

from __future__ import annotations

from hmac import digest
from typing import Any

from generator.places import Scope, name
from generator.primitives import Refused, b64url, b64url_strict, canonical, derive, hkdf

Vector = dict[str, Any]

BASE: Vector = {
    "tenant": "acme",
    "schema": "people",
    "field": "email",
    "index": "index",
    "normaliser": "email@1",
    "bits": 128,
    "version": 1,
    "normalised": b"ada@example.org".hex(),
}

CASES: dict[str, Vector] = {
    "base": {},
    **{f"bits-{bits}": {"bits": bits} for bits in (8, 9, 12, 64, 127, 255, 256)},
    "version-2": {"version": 2},
    "version-255": {"version": 255},
    "global": {"tenant": None},
    "tenant-outside-ascii": {"tenant": "Müller GmbH"},
    "schema-staff": {"schema": "staff"},
    "field-phone": {"field": "phone", "normaliser": "phone@2", "normalised": b"+4930123456".hex()},
    "index-last-four": {"index": "last-four", "normalised": b"3456".hex()},
    "names-outside-ascii": {"schema": "люди", "field": "電子郵件", "index": "точный"},
    "names-of-255-bytes": {"schema": "s" * 255, "field": "f" * 255, "index": "i" * 255},
    "normalised-empty": {"normalised": ""},
    "normalised-one-zero": {"normalised": "00"},
    "normalised-long": {"normalised": bytes(range(256)).hex()},
    "normalised-not-utf8": {"normalised": "fffe"},
}

DISTINCT: dict[str, tuple[str, list[Vector]]] = {
    "tenants": ("Another tenant's data key.", [{}, {"tenant": "other"}, {"tenant": None}, {"tenant": "Acme"}]),
    "schemas": ("The schema.", [{}, {"schema": "staff"}, {"schema": "People"}]),
    "fields": ("The field.", [{}, {"field": "phone"}, {"field": "Email"}]),
    "indexes": ("The index's name.", [{}, {"index": "index2"}, {"index": "Index"}]),
    "normalisers": ("The normaliser, or its version.", [{}, {"normaliser": "email@2"}, {"normaliser": "text@1"}]),
    "bits": (
        "How many bits are kept; none is a prefix of another.",
        [{}, *({"bits": bits} for bits in (64, 120, 121, 127, 129, 136, 255, 256))],
    ),
    "versions": ("The version.", [{}, {"version": 2}, {"version": 255}]),
    "versions-with-other-keys": (
        "The version, and the data key with it, as after a rotation.",
        [{}, {"version": 2, "data_key": derive("index/rotated").hex()}],
    ),
    "values": (
        "The normalised value.",
        [{}, *({"normalised": v} for v in ("", "00", b"ada@example.or".hex(), b"ada@example.org\x00".hex()))],
    ),
    "borders": (
        "Where one name ends and the next begins.",
        [
            {"schema": "a", "field": "bc", "index": "d"},
            {"schema": "ab", "field": "c", "index": "d"},
            {"schema": "a", "field": "b", "index": "cd"},
            {"schema": "a", "field": "bcd", "index": "e"},
        ],
    ),
    "names-exchanged": ("Schema and field, exchanged.", [{}, {"schema": "email", "field": "people"}]),
    "spelled-in-nfc-and-nfd": ("The field's spelling.", [{"field": "é"}, {"field": "e\u0301"}]),
}

BAD: dict[str, tuple[Vector, str]] = {
    "bits-0": ({"bits": 0}, "0 bits."),
    "bits-7": ({"bits": 7}, "7 bits."),
    "bits-257": ({"bits": 257}, "257 bits."),
    "bits-negative": ({"bits": -8}, "A negative number of bits."),
    "version-0": ({"version": 0}, "Version 0."),
    "version-256": ({"version": 256}, "Version 256."),
    "schema-empty": ({"schema": ""}, "The schema is empty."),
    "field-empty": ({"field": ""}, "The field is empty."),
    "index-empty": ({"index": ""}, "The index's name is empty."),
    "index-256-bytes": ({"index": "i" * 256}, "The index's name has 256 bytes."),
    "index-control": ({"index": "ex\nact"}, "The index's name has a control character."),
    "index-lone-surrogate": ({"index": "\ud800"}, "The index's name has a lone surrogate."),
}


def _data_key(tenant: str | None) -> bytes:
    return derive(f"index/data key/{tenant}")


def _vector(changes: Vector) -> Vector:
    parameters = BASE | changes
    data_key = bytes.fromhex(parameters.get("data_key", _data_key(parameters["tenant"]).hex()))
    info = index_info(parameters)
    key = hkdf(data_key, info, 32)
    value = index_value(key, parameters)
    outputs = {
        "info": info.hex(),
        "index_key": key.hex(),
        "value": value.hex(),
        "text_form": "fx1." + b64url(value),
    }
    key_id = Scope(parameters["tenant"], "index").key_id(data_key)
    return {"data_key": data_key.hex(), "data_key_id": key_id.hex(), **parameters, **outputs}


def index_info(parameters: Vector) -> bytes:
    """index-v1 §2."""
    if not 8 <= parameters["bits"] <= 256:
        raise Refused("encode", "bits are 8 to 256")
    if not 1 <= parameters["version"] <= 255:
        raise Refused("encode", "a version is 1 to 255")
    names = [name(parameters[part]) for part in ("schema", "field", "index", "normaliser")]
    numbers = [parameters["bits"].to_bytes(2, "big"), parameters["version"].to_bytes(1, "big")]
    return b"fieldvault/v1/index-key" + canonical(b"exact", b"", *names, *numbers)


def index_value(key: bytes, parameters: Vector) -> bytes:
    """index-v1 §3."""
    bits: int = parameters["bits"]
    mac = int.from_bytes(digest(key, bytes.fromhex(parameters["normalised"]), "sha256"), "big")
    length = (bits + 7) // 8
    kept = mac >> (256 - bits) << (8 * length - bits)
    version: int = parameters["version"]
    return version.to_bytes(1, "big") + kept.to_bytes(length, "big")


def parse_text_form(text: str) -> bytes:
    if not text.startswith("fx1."):
        raise Refused("parse", "not the prefix of the text form")
    return b64url_strict(text[4:])


def positive() -> list[Vector]:
    return [{"name": case, **_vector(changes)} for case, changes in CASES.items()]


def distinct() -> list[Vector]:
    return [
        {"name": group, "differs_in": what, "sets": [_vector(changes) for changes in sets]}
        for group, (what, sets) in DISTINCT.items()
    ]


def negative() -> list[Vector]:
    made = []
    for case, (changes, breaks) in BAD.items():
        parameters = {"data_key": _data_key("acme").hex(), **BASE, **changes}
        made.append({"name": case, "stage": "encode", "breaks": breaks, **parameters})
    return made + _bad_texts()


def _bad_texts() -> list[Vector]:
    special = _with_both_specials()
    body = special["text_form"][4:]
    good = special["text_form"]
    spare = body[:-1] + chr(ord(body[-1]) + 1)
    cases = {
        "text-empty": ("", "An empty text."),
        "text-without-prefix": (body, "The prefix is missing."),
        "text-prefix-fx2": ("fx2." + body, "The prefix is fx2."),
        "text-prefix-upper-case": ("FX1." + body, "The prefix is in upper case."),
        "text-prefix-of-an-envelope": ("fv1." + body, "The prefix is that of an envelope."),
        "text-padding": (good + "=" * (-len(body) % 4), "Padding."),
        "text-trailing-bits": ("fx1." + spare, "The trailing bits of the last character are not zero."),
        "text-length-1-modulo-4": (good + "A" * ((1 - len(body)) % 4), "The length is 1 modulo 4."),
        "text-standard-alphabet-plus": ("fx1." + body.replace("-", "+"), "'+' in place of '-'."),
        "text-standard-alphabet-slash": ("fx1." + body.replace("_", "/"), "'/' in place of '_'."),
        "text-leading-space": (" " + good, "A space in front."),
        "text-trailing-space": (good + " ", "A space at the end."),
        "text-trailing-newline": (good + "\n", "A newline at the end."),
    }
    return [
        {"name": case, "stage": "parse", "breaks": breaks, "text_form": text}
        for case, (text, breaks) in cases.items()
    ]


def _with_both_specials() -> Vector:
    """A value whose text form has both '-' and '_', and trailing bits to set."""
    counter = 0
    while True:
        vector = _vector({"normalised": str(counter).encode().hex()})
        if set("-_") <= set(vector["text_form"][4:-1]) and vector["text_form"][-1] in "AEIMQUYcgkosw048":
            return vector
        counter += 1


def check(positives: list[Vector], negatives: list[Vector], groups: list[Vector]) -> None:
    for vector in positives:
        if parse_text_form(vector["text_form"]).hex() != vector["value"]:
            raise AssertionError(vector["name"])
    for group in groups:
        values = [vector["value"] for vector in group["sets"]]
        macs = [value[2:] for value in values]  # without the version's byte, which differs anyway
        if any(a.startswith(b) for i, a in enumerate(macs) for j, b in enumerate(macs) if i != j):
            raise AssertionError(f"{group['name']}: values collide")
    for vector in negatives:
        try:
            if vector["stage"] == "parse":
                parse_text_form(vector["text_form"])
            else:
                index_info(vector)
        except Refused as refused:
            if refused.stage != vector["stage"]:
                raise AssertionError(vector["name"]) from refused
        else:
            raise AssertionError(f"{vector['name']} is not refused")
