"""Vectors of token-v1: token keys, and the tokens of each kind."""

from __future__ import annotations

import re
from datetime import date, timedelta
from hmac import digest
from typing import Any

from generator import ff1
from generator.places import Scope, name
from generator.primitives import Refused, b64url, b64url_strict, canonical, derive, hkdf, minimal_integer
from generator.siv import siv_open, siv_seal
from generator.token_cards import luhn_digit

Vector = dict[str, Any]

LENGTHS = {
    "siv": 64,
    "one-way": 32,
    "ff1": 64,
    "ff1-card": 64,
    "ff1-phone": 64,
    "date-shift": 32,
    "lookup": 32,
    "lookup-seal": 64,
}
BASE: Vector = {"tenant": "acme", "domain": "research", "name": "email", "declared": 1, "version": 1}
DIGITS = "0123456789"
LOWER = "abcdefghijklmnopqrstuvwxyz"


def u16(number: int) -> bytes:
    return number.to_bytes(2, "big")


def parameters_of(vector: Vector) -> list[bytes]:
    """token-v1 §3, the table."""
    normaliser = vector.get("normaliser", "").encode()
    kept = [u16(vector.get("first", 0)), u16(vector.get("last", 0))]
    return {
        "siv": lambda: [normaliser],
        "one-way": lambda: [normaliser, u16(vector["bits"])],
        "ff1": lambda: [normaliser, vector["alphabet"].encode(), *kept],
        "ff1-card": lambda: [vector["luhn"].encode(), *kept],
        "ff1-phone": lambda: [normaliser],
        "date-shift": lambda: [u16(vector["days"]), vector["rule"].encode()],
        "lookup": lambda: [normaliser],
    }[vector["kind"]]()


def place_of(vector: Vector, kind: str | None = None) -> bytes:
    """token-v1 §3."""
    tenant = b"" if vector["tenant"] is None else name(vector["tenant"])
    parts = [(kind or vector["kind"]).encode(), tenant, vector["domain"].encode(), name(vector["name"])]
    numbers = [u16(vector["declared"]), canonical(*parameters_of(vector)), vector["version"].to_bytes(1, "big")]
    return canonical(*parts, *numbers)


def token_key(vector: Vector, kind: str | None = None) -> bytes:
    data_key = bytes.fromhex(vector["data_key"])
    return hkdf(data_key, b"fieldvault/v1/token-key" + place_of(vector, kind), LENGTHS[kind or vector["kind"]])


def data_key(tenant: str | None, domain: str, version: int) -> bytes:
    return derive(f"token/data key/{tenant}/{domain}/{version}")


def _text(prefix: str, version: int, rest: bytes) -> str:
    return f"{prefix}{version:02x}.{b64url(rest)}"


def _input(vector: Vector) -> bytes:
    """token-v1 §3: typed plaintext; a value here is a str or an int."""
    value = vector.get("normalised", vector["value"])
    return b"\x03" + minimal_integer(value) if isinstance(value, int) else b"\x02" + value.encode()


def _tweak(key: bytes, first: str, last: str) -> bytes:
    return digest(key[32:], canonical(first.encode(), last.encode()), "sha256")[:7]


def _ff1(key: bytes, alphabet: str, numerals: str, first: str, last: str) -> str:
    given = [alphabet.index(numeral) for numeral in numerals]
    made = ff1.encrypt(key[:32], len(alphabet), _tweak(key, first, last), given)
    return "".join(alphabet[numeral] for numeral in made)


def _spread(text: str, alphabet: str, numerals: str) -> str:
    rest = iter(numerals)
    return "".join(next(rest) if character in alphabet else character for character in text)


def token_of(vector: Vector) -> Any:
    """The token of a vector's value, with its intermediate results put into the vector."""
    key = token_key(vector)
    kind, version = vector["kind"], vector["version"]
    if kind == "siv":
        return _text("ft1.", version, siv_seal(key, [place_of(vector)], _input(vector)))
    if kind == "one-way":
        return _text("fp1.", version, digest(key, _input(vector), "sha256")[: vector["bits"] // 8])
    if kind == "lookup":
        token = bytes([version]) + bytes.fromhex(vector["random"])
        seal_key = token_key(vector, "lookup-seal")
        vector["lookup"] = digest(key, _input(vector), "sha256").hex()
        vector["sealed"] = siv_seal(seal_key, [place_of(vector, "lookup-seal"), token], _input(vector)).hex()
        return _text("fl1.", version, token[1:])
    if kind == "date-shift":
        return _shifted(vector, key)
    text = vector.get("normalised", vector["value"])
    alphabet = vector.get("alphabet", DIGITS)
    numerals = "".join(character for character in text if character in alphabet)
    if kind == "ff1-phone":
        country = vector["country"]
        made = country + _ff1(key, DIGITS, numerals[len(country) :], country, "")
    else:
        end = len(numerals) - vector.get("last", 0)
        first, middle, last = (
            numerals[: vector.get("first", 0)],
            numerals[vector.get("first", 0) : end],
            numerals[end:],
        )
        if kind == "ff1":
            made = first + _ff1(key, alphabet, middle, first, last) + last
        else:
            replaced = first + _ff1(key, DIGITS, middle[:-1], first, last)
            free = luhn_digit(replaced, last)
            made = replaced + str(free if vector["luhn"] == "valid" else (free + 1) % 10) + last
    return _spread(text, alphabet, made)


def _shifted(vector: Vector, key: bytes) -> str:
    subject = vector["subject"]
    typed = b"\x03" + minimal_integer(subject) if isinstance(subject, int) else b"\x02" + subject.encode()
    number = int.from_bytes(digest(key, typed, "sha256")[:16], "big")
    days = vector["days"]
    if vector["rule"] == "any":
        shift = number % (2 * days + 1) - days
    else:
        rest = number % (2 * days)
        shift = rest - days if rest < days else rest - days + 1
    vector["shift"] = shift
    return (date.fromisoformat(vector["value"]) + timedelta(days=shift)).isoformat()


def made(case: str, changes: Vector) -> Vector:
    vector: Vector = {"name_of_vector": case, **BASE, **changes}
    if "data_key" not in vector:
        vector["data_key"] = data_key(vector["tenant"], vector["domain"], vector["version"]).hex()
    scope = Scope(vector["tenant"], "domain-" + vector["domain"])
    vector["data_key_id"] = scope.key_id(bytes.fromhex(vector["data_key"])).hex()
    vector["place"] = place_of(vector).hex()
    vector["token_key"] = token_key(vector).hex()
    vector["token"] = token_of(vector)
    return vector


CASES: dict[str, Vector] = {
    "siv": {"kind": "siv", "value": "ada@example.org"},
    "siv-normalised": {
        "kind": "siv",
        "value": "Ada@Example.ORG",
        "normaliser": "email@1",
        "normalised": "ada@example.org",
    },
    "siv-empty": {"kind": "siv", "value": ""},
    "siv-fifteen-bytes-with-the-type": {"kind": "siv", "value": "a" * 14},
    "siv-sixteen-bytes-with-the-type": {"kind": "siv", "value": "a" * 15},
    "siv-seventeen-bytes-with-the-type": {"kind": "siv", "value": "a" * 16},
    "siv-nul": {"kind": "siv", "value": "\x00"},
    "siv-right-to-left": {"kind": "siv", "value": "عمر حداد"},
    "siv-combining": {"kind": "siv", "value": "e\u0301"},
    "siv-int": {"kind": "siv", "value": 7},
    "siv-negative-int": {"kind": "siv", "value": -129},
    "siv-global": {"kind": "siv", "tenant": None, "value": "x"},
    "siv-version-255": {"kind": "siv", "version": 255, "value": "x"},
    "siv-declared-65535": {"kind": "siv", "declared": 65535, "value": "x"},
    "siv-longest-domain": {"kind": "siv", "domain": "d" * 25, "value": "x"},
    "siv-name-outside-ascii": {"kind": "siv", "name": "電子郵件", "value": "x"},
    "one-way": {"kind": "one-way", "bits": 128, "value": "ada@example.org"},
    "one-way-64": {"kind": "one-way", "bits": 64, "value": "ada@example.org"},
    "one-way-256": {"kind": "one-way", "bits": 256, "value": "ada@example.org"},
    "ff1-digits": {"kind": "ff1", "alphabet": DIGITS, "value": "AB 12-34-56-7 C"},
    "ff1-six-digits": {"kind": "ff1", "alphabet": DIGITS, "value": "000000"},
    "ff1-kept": {"kind": "ff1", "alphabet": DIGITS, "first": 2, "last": 3, "value": "12345678901"},
    "ff1-other-kept-part": {"kind": "ff1", "alphabet": DIGITS, "first": 2, "last": 3, "value": "13345678901"},
    "ff1-lower-case": {"kind": "ff1", "alphabet": LOWER, "value": "hello, world"},
    "ff1-odd-length": {"kind": "ff1", "alphabet": LOWER, "value": "hello"},
    "ff1-binary": {"kind": "ff1", "alphabet": "ab", "value": "abababababababababababab"},
    "ff1-256-numerals": {"kind": "ff1", "alphabet": DIGITS, "value": "7" * 256},
    "ff1-large-alphabet": {
        "kind": "ff1",
        "alphabet": "".join(map(chr, range(0x4E00, 0x5000))),
        "value": "丁七万丈",
    },
    "card-valid": {"kind": "ff1-card", "luhn": "valid", "value": "4111 1111 1111 1111"},
    "card-invalid": {"kind": "ff1-card", "luhn": "invalid", "value": "4111-1111-1111-1111"},
    "card-last-four": {"kind": "ff1-card", "luhn": "valid", "last": 4, "value": "5500000000000004"},
    "card-last-five": {"kind": "ff1-card", "luhn": "invalid", "last": 5, "value": "5500000000000004"},
    "card-first-four": {"kind": "ff1-card", "luhn": "valid", "first": 4, "value": "340000000000009"},
    "card-12-digits": {"kind": "ff1-card", "luhn": "valid", "value": "501800000009"},
    "card-19-digits": {"kind": "ff1-card", "luhn": "invalid", "last": 4, "value": "6304000000000000000"},
    "phone": {"kind": "ff1-phone", "country": "962", "value": "+962 79 123-4567"},
    "phone-one-digit-code": {"kind": "ff1-phone", "country": "1", "value": "+1 (415) 555-0132"},
    "phone-national": {"kind": "ff1-phone", "country": "", "value": "079 123 4567"},
    "phone-normalised": {
        "kind": "ff1-phone",
        "country": "962",
        "normaliser": "phone@1",
        "region": "JO",
        "value": "079 123 4567",
        "normalised": "+962791234567",
    },
    "date-shift": {"kind": "date-shift", "days": 30, "rule": "any", "subject": 7, "value": "1980-02-29"},
    "date-shift-text-subject": {
        "kind": "date-shift",
        "days": 30,
        "rule": "any",
        "subject": "7",
        "value": "1980-02-29",
    },
    "date-shift-never-zero": {
        "kind": "date-shift",
        "days": 1,
        "rule": "never-zero",
        "subject": 7,
        "value": "1980-02-29",
    },
    "date-shift-most": {
        "kind": "date-shift",
        "days": 36500,
        "rule": "never-zero",
        "subject": 8,
        "value": "1980-02-29",
    },
    "lookup": {"kind": "lookup", "random": derive("token/random", 16).hex(), "value": "ada@example.org"},
    "lookup-normalised": {
        "kind": "lookup",
        "random": derive("token/random 2", 16).hex(),
        "normaliser": "email@1",
        "value": "Ada@example.org",
        "normalised": "ada@example.org",
    },
}

_SIV: Vector = {"kind": "siv", "value": "ada@example.org"}
DISTINCT: dict[str, tuple[str, list[Vector]]] = {
    "tenants": ("The tenant, and its key.", [{}, {"tenant": "other"}, {"tenant": None}]),
    "tenants-under-one-key": (
        "The tenant alone.",
        [{}, {"tenant": "other", "data_key": data_key("acme", "research", 1).hex()}],
    ),
    "domains": ("The domain, and its key.", [{}, {"domain": "ads"}, {"domain": "research2"}]),
    "domains-under-one-key": (
        "The domain alone.",
        [{}, {"domain": "ads", "data_key": data_key("acme", "research", 1).hex()}],
    ),
    "names": ("The tokeniser's name.", [{}, {"name": "phone"}, {"name": "Email"}]),
    "declared-versions": ("The declared version.", [{}, {"declared": 2}, {"declared": 256}]),
    "versions": ("The version, and its key.", [{}, {"version": 2}]),
    "normalisers": ("The normaliser.", [{}, {"normaliser": "text@1"}, {"normaliser": "email@1"}]),
    "borders": (
        "Where one name ends and the next begins.",
        [
            {"domain": "ab", "name": "c", "data_key": "11" * 32},
            {"domain": "a", "name": "bc", "data_key": "11" * 32},
        ],
    ),
    "values": (
        "The value.",
        [{}, {"value": ""}, {"value": "ada@example.or"}, {"value": "\x02"}, {"value": 7}, {"value": "7"}],
    ),
}


def positive() -> list[Vector]:
    return [_renamed(made(case, changes)) for case, changes in CASES.items()]


def distinct() -> list[Vector]:
    return [
        {"name": group, "differs_in": what, "sets": [_renamed(made(group, _SIV | changes)) for changes in sets]}
        for group, (what, sets) in DISTINCT.items()
    ]


def _renamed(vector: Vector) -> Vector:
    """`name` is the vector's in every file; the tokeniser's name is `token_name` there."""
    case = vector.pop("name_of_vector")
    token_name = vector.pop("name")
    return {"name": case, "token_name": token_name, **vector}


def negative() -> list[Vector]:
    """Texts that a reader of the base domain's SIV tokens named `email` refuses."""
    base = made("base", _SIV)
    token = base["token"]
    body = b64url_strict(token[7:])
    start = token[:7]

    def other(**changes: Any) -> str:
        return str(made("", _SIV | changes)["token"])

    others = {
        "another-tenants": ("authenticate", "Made for another tenant.", other(tenant="other")),
        "another-domains": ("authenticate", "Made in another domain.", other(domain="ads")),
        "another-names": ("authenticate", "Made under another name.", other(name="phone")),
        "another-declared-version": ("authenticate", "Of another declared version.", other(declared=2)),
        "another-normaliser": ("authenticate", "Of another normaliser.", other(normaliser="email@1")),
        "version-without-key": ("key", "No key of this version.", "ft1.02." + token[7:]),
        "version-0": ("parse", "Version 0.", "ft1.00." + token[7:]),
        "version-upper-case": ("parse", "The version is in upper case.", "ft1.0A." + token[7:]),
        "version-of-one-digit": ("parse", "The version has one digit.", "ft1.1." + token[7:]),
        "version-of-three-digits": ("parse", "The version has three digits.", "ft1.001." + token[7:]),
        "version-of-another-script": ("parse", "A digit of another script.", "ft1.\u0660\u0661." + token[7:]),
        "iv-altered": ("authenticate", "A bit of the synthetic IV.", start + b64url(_flipped(body, 0))),
        "ciphertext-altered": ("authenticate", "A bit of the ciphertext.", start + b64url(_flipped(body, -1))),
        "a-byte-short": ("authenticate", "The last byte is missing.", start + b64url(body[:-1])),
        "a-byte-long": ("authenticate", "A byte too many.", start + b64url(body + b"\x00")),
        "sixteen-bytes": ("parse", "No ciphertext.", start + b64url(body[:16])),
        "empty": ("parse", "An empty text.", ""),
        "prefix-only": ("parse", "Only the prefix.", "ft1."),
        "without-body": ("parse", "No body.", start),
        "without-prefix": ("parse", "The prefix is missing.", token[4:]),
        "prefix-of-a-pseudonym": ("parse", "The prefix is that of a one-way pseudonym.", "fp1." + token[4:]),
        "prefix-upper-case": ("parse", "The prefix is in upper case.", "FT1." + token[4:]),
        "padding": ("parse", "Padding.", token + "="),
        "trailing-space": ("parse", "A space at the end.", token + " "),
        "trailing-newline": ("parse", "A newline at the end.", token + "\n"),
        "trailing-bits": (
            "parse",
            "The trailing bits of the last character are not zero.",
            _with_trailing_bits(body),
        ),
        "not-ascii": ("parse", "A digit of another script.", token[:-1] + "٣"),
    }
    return [
        {"name": case, "stage": stage, "breaks": breaks, "text_form": text, "data_key": base["data_key"]}
        for case, (stage, breaks, text) in others.items()
    ]


def _flipped(raw: bytes, at: int) -> bytes:
    changed = bytearray(raw)
    changed[at] ^= 1
    return bytes(changed)


def _with_trailing_bits(raw: bytes) -> str:
    short = b64url(raw[: len(raw) - (len(raw) % 3 == 0)])
    return "ft1.01." + short[:-1] + chr(ord(short[-1]) + 1)


def check(positives: list[Vector], negatives: list[Vector], groups: list[Vector]) -> None:
    for vector in positives:
        if vector["kind"] in ("siv", "lookup"):
            _check_opens(vector)
    for group in groups:
        tokens = [vector["token"][7:] for vector in group["sets"]]
        if len(set(tokens)) != len(tokens):
            raise AssertionError(f"{group['name']}: tokens collide")
    base = _SIV | BASE
    for vector in negatives:
        try:
            _read(vector["text_form"], base | {"data_key": vector["data_key"]})
        except Refused as refused:
            if refused.stage != vector["stage"]:
                raise AssertionError(vector["name"]) from refused
        else:
            raise AssertionError(f"{vector['name']} is not refused")


def _check_opens(vector: Vector) -> None:
    named = vector | {"name": vector["token_name"]}
    body = b64url_strict(vector["token"][7:])
    if vector["kind"] == "siv":
        opened = siv_open(token_key(named), [place_of(named)], body)
    else:
        place = place_of(named, "lookup-seal")
        opened = siv_open(
            token_key(named, "lookup-seal"),
            [place, bytes([vector["version"]]) + body],
            bytes.fromhex(vector["sealed"]),
        )
    if opened != _input(named):
        raise AssertionError(vector["name"])


def _read(text: str, reader: Vector) -> bytes:
    """A strict reader of token-v1 §4."""
    match = re.fullmatch(r"ft1\.([0-9a-f]{2})\.(.*)", text, re.ASCII)
    if match is None or match[1] == "00":
        raise Refused("parse", "not the form, or version 0")
    body = b64url_strict(match[2])
    if len(body) < 17:
        raise Refused("parse", "too short")
    if int(match[1], 16) != reader["version"]:
        raise Refused("key", "no key of this version")
    return siv_open(token_key(reader), [place_of(reader)], body)
