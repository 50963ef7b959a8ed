"""Vectors of index-kinds-v1: what is MACed, under which keys, and the cells of token sets."""

from __future__ import annotations

import hashlib
from hmac import digest
from typing import Any
from unicodedata import category

from generator.primitives import Refused, b64url, canonical, derive, hkdf

Vector = dict[str, Any]

BASE: Vector = {
    "domain": "",
    "schema": "people",
    "field": "name",
    "index": "i",
    "normaliser": "name@1",
    "bits": 128,
}
NAME = "ann-marie o'neil 3"
LONG = "stra\u00dfe \u0645\u062d\u0645\u062f \u0915\u094d\u0937 \U0001d11e\U0001f600x"

CASES: dict[str, tuple[str, Vector, str]] = {
    "shared": ("exact", {"domain": "e-mail", "schema": "", "field": "", "index": ""}, "ada@example.org"),
    "prefix-1": ("prefix-1", {}, NAME),
    "prefix-3": ("prefix-3", {}, NAME),
    "prefix-of-all": ("prefix-18", {}, NAME),
    "prefix-of-more": ("prefix-19", {}, NAME),
    "prefix-outside-ascii": ("prefix-9", {}, LONG),
    "prefix-of-nothing": ("prefix-1", {}, ""),
    "suffix-4": ("suffix-4", {}, "+442079460018"),
    "suffix-outside-ascii": ("suffix-2", {}, LONG),
    "suffix-of-more": ("suffix-5", {}, "abcd"),
    "words": ("word", {}, NAME),
    "words-twice": ("word", {}, "the cat the dog"),
    "words-outside-ascii": ("word", {}, LONG),
    "words-none": ("word", {}, " -- \u2014 "),
    "words-truncated": ("word", {"bits": 12}, "one two three"),
    "ngrams": ("ngram-3", {"bits": 16}, "banana"),
    "ngrams-outside-ascii": ("ngram-2", {"bits": 32}, LONG),
    "ngrams-too-short": ("ngram-4", {}, "abc"),
    "md5": ("md5", {"field": "email", "normaliser": "md5-trim-lower@1"}, "  Ada@Example.ORG "),
    "md5-no-steps": ("md5", {"field": "email", "normaliser": "md5@1"}, " Ada@Example.ORG "),
    "md5-lower": ("md5", {"normaliser": "md5-lower@1"}, "\u00c9TIENNE \u039f\u0394\u039f\u03a3"),
    "md5-lower-ascii": ("md5", {"normaliser": "md5-lower-ascii@1"}, "\u00c9TIENNE"),
    "md5-latin-1": ("md5", {"normaliser": "md5-strip-lower-latin-1@1"}, "\u00a0\u00c9tienne\n"),
}
COMPOUNDS: dict[str, tuple[Vector, list[str]]] = {
    "compound": (
        {"field": "name,born", "index": "person", "normaliser": "name@1,exact@1"},
        [b"ada".hex(), b"\x071815-12-10".hex()],
    ),
    "compound-of-three": (
        {"field": "a,b,c", "index": "abc", "normaliser": "text@1,text@1,text@1"},
        ["", b"x".hex(), ""],
    ),
}
DISTINCT_VALUE = "abcabc"
DISTINCT: list[tuple[str, Vector]] = [
    ("exact", {}),
    ("exact", {"domain": "people", "schema": "", "field": "", "index": ""}),
    ("exact", {"domain": "name", "schema": "", "field": "", "index": ""}),
    ("exact", {"domain": "name", "schema": "", "field": "", "index": "", "bits": 136}),
    ("exact", {"domain": "name", "schema": "", "field": "", "index": "", "normaliser": "text@1"}),
    ("prefix-6", {}),
    ("suffix-6", {}),
    ("word", {}),
    ("ngram-6", {}),
    ("word", {"index": "j"}),
    ("word", {"field": "email"}),
    ("word", {"schema": "staff"}),
    ("word", {"version": 2}),
    ("md5", {"normaliser": "md5@1"}),
]


def _key(parameters: Vector, kind: str) -> tuple[bytes, bytes]:
    """index-kinds-v1 §2."""
    names = [parameters[part].encode() for part in ("domain", "schema", "field", "index", "normaliser")]
    numbers = [parameters["bits"].to_bytes(2, "big"), parameters.get("version", 1).to_bytes(1, "big")]
    info = b"fieldvault/v1/index-key" + canonical(kind.encode(), *names, *numbers)
    return info, hkdf(bytes.fromhex(parameters["data_key"]), info, 32)


def _value(key: bytes, part: bytes, bits: int, version: int) -> bytes:
    mac = int.from_bytes(digest(key, part, "sha256"), "big")
    length = (bits + 7) // 8
    return bytes([version]) + (mac >> (256 - bits) << (8 * length - bits)).to_bytes(length, "big")


def maced(kind: str, text: str, normaliser: str) -> list[bytes]:
    """index-kinds-v1 §3."""
    family, _, number = kind.partition("-")
    if family == "exact":
        return [text.encode()]
    if family in ("prefix", "suffix"):
        count = int(number)
        if len(text) < count:
            return []
        return [(text[:count] if family == "prefix" else text[len(text) - count :]).encode()]
    if family == "word":
        words, word = set(), ""
        for character in text + " ":
            if category(character)[0] in "LMN":
                word += character
            else:
                words.add(word)
                word = ""
        return sorted(one.encode() for one in words if one)
    if family == "ngram":
        size = int(number)
        runs = zip(*(text[start:] for start in range(size)), strict=False)
        return sorted({"".join(run).encode() for run in runs})
    return [_md5(text, normaliser)]


def _md5(text: str, recipe: str) -> bytes:
    steps = recipe.removesuffix("@1").removeprefix("md5").replace("lower-ascii", "lowerascii")
    encoding = "utf-8"
    for step in steps.replace("latin-1", "latin1").split("-")[1:]:
        if step == "trim":
            text = text.strip(" ")
        elif step == "strip":
            text = text.strip()
        elif step == "lower":
            text = text.lower()
        elif step == "lowerascii":
            text = "".join(chr(ord(one) + 32) if "A" <= one <= "Z" else one for one in text)
        elif step == "latin1":
            encoding = "iso-8859-1"
        else:
            raise AssertionError(step)
    return hashlib.md5(text.encode(encoding)).digest()


def _vector(kind: str, changes: Vector, parts: list[bytes]) -> Vector:
    parameters = {"data_key": derive("index kinds/data key").hex()} | BASE | {"version": 1} | changes
    info, key = _key(parameters, kind)
    values = [_value(key, part, parameters["bits"], parameters["version"]) for part in parts]
    made: Vector = {"kind": kind, **parameters, "info": info.hex(), "maced": [part.hex() for part in parts]}
    made["values"] = [value.hex() for value in values]
    if kind == "word" or kind.startswith("ngram"):
        made["cell"] = " ".join(sorted({"fx1." + b64url(value) for value in values})) or None
    return made


def positive() -> list[Vector]:
    made = []
    for name, (kind, changes, text) in CASES.items():
        parts = maced(kind, text, (BASE | changes)["normaliser"])
        given = {"value": text} if kind == "md5" else {"normalised": text.encode().hex()}
        made.append({"name": name, **_vector(kind, changes, parts), **given})
    for name, (changes, parts) in COMPOUNDS.items():
        vector = _vector("compound", changes, [canonical(*map(bytes.fromhex, parts))])
        made.append({"name": name, **vector, "parts": parts})
    return made


def distinct() -> list[Vector]:
    made = []
    for kind, changes in DISTINCT:
        parts = maced(kind, DISTINCT_VALUE, (BASE | changes)["normaliser"])
        made.append(_vector(kind, changes, parts))
    return made


def negative() -> list[Vector]:
    """Parameters that a writer refuses."""
    cases = {
        "prefix-0": "prefix-0", "prefix-65": "prefix-65", "suffix-0": "suffix-0", "ngram-1": "ngram-1",
        "ngram-17": "ngram-17",
    }  # fmt: skip
    made = [
        {"name": name, "stage": "encode", "breaks": "A length out of range.", "kind": kind}
        for name, kind in cases.items()
    ]
    made.append({"name": "compound-comma", "stage": "encode", "breaks": "A comma in a field's name.",
                 "kind": "compound", "fields": ["a,b", "c"]})  # fmt: skip
    made.append({"name": "compound-of-one", "stage": "encode", "breaks": "One field.",
                 "kind": "compound", "fields": ["a"]})  # fmt: skip
    return made


def check(positives: list[Vector], negatives: list[Vector], different: list[Vector]) -> None:
    values = [value[2:] for vector in different for value in vector["values"]]
    if any(a.startswith(b) for i, a in enumerate(values) for j, b in enumerate(values) if i != j):
        raise AssertionError("two kinds share a value")
    for vector in positives:
        if vector.get("cell") and len(set(vector["cell"].split(" "))) > len(vector["values"]):
            raise AssertionError(vector["name"])
    for vector in negatives:
        try:
            _refuse(vector)
        except Refused:
            continue
        raise AssertionError(f"{vector['name']} is not refused")


def _refuse(vector: Vector) -> None:
    family, _, number = vector["kind"].partition("-")
    if family == "compound" and (len(vector["fields"]) < 2 or any("," in one for one in vector["fields"])):
        raise Refused("encode", "fields")
    bounds = {"prefix": (1, 64), "suffix": (1, 64), "ngram": (2, 16)}
    if family in bounds and not bounds[family][0] <= int(number) <= bounds[family][1]:
        raise Refused("encode", "length")
