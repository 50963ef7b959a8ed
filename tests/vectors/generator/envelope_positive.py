"""Positive vectors of envelope-v1: every tag of §5.1 at its edges, lengths, padding, scripts, places."""

from __future__ import annotations

import struct

from generator.places import Row, Scope
from generator.sealing import Sealed
from generator.typed import Value

MEMBERS = {"ACTIVE": 1, "GELÖSCHT": 2, "LIVE": 1}
INTS = {
    "zero": 0, "one": 1, "minus-one": -1, "127": 127, "128": 128, "minus-128": -128, "minus-129": -129,
    "255": 255, "256": 256, "minus-2-to-63": -(2**63), "2-to-63": 2**63, "2-to-64": 2**64,
    "minus-2-to-64": -(2**64), "minus-2-to-64-less-1": -(2**64) - 1, "2-to-200": 2**200,
}  # fmt: skip
FLOATS = {
    "zero": "0000000000000000", "minus-zero": "8000000000000000", "one-and-a-half": "3ff8000000000000",
    "nan": "7ff8000000000000", "nan-negative-with-payload": "fff8000000000abc", "inf": "7ff0000000000000",
    "minus-inf": "fff0000000000000", "least-subnormal": "0000000000000001", "greatest": "7fefffffffffffff",
}  # fmt: skip
DECIMALS = [
    "1.20", "0", "-0", "-0.00", "1E+5", "0E-7", "0.000001", "1E-7", "-1.234E-9",
    "12345678901234567890123456789012345678.90",
    "NaN", "-NaN", "NaN123", "sNaN", "Infinity", "-Infinity", "9E+999",
]  # fmt: skip
JSON_TEXTS = {
    "empty-object": "{}",
    "empty-array": "[]",
    "nested": '{"b":{"z":[1,[2,[3,{}]]],"a":null},"a":[true,false,null]}',
    "order-kept": '{"b":1,"a":2,"":3}',
    "unicode": '{"名前":"Grüße 😀","e\u0301":"é"}',
    "escapes": r'["\"\\/\b\f\n\r\t\u0000\u001f"]',
    "unescaped": '["/\x7f\u0080\u2028\u2029\ufeff<>&\'"]',
    "integers": "[0,-1,18446744073709551616,10000000000000000000000000000]",
    "floats": "[1.5,0.1,1.0,-0.0,-2.25]",
    "float-exponents": "[1e+16,1e-05,5e-324,1.7976931348623157e+308]",
    "string": '"text"',
    "number": "0",
    "true": "true",
    "deep": "[" * 50 + "]" * 50,
}
DATES = ["0001-01-01", "1582-10-10", "2024-02-29", "9999-12-31"]
DATETIMES = {
    "least": "0001-01-01T00:00:00.000000",
    "greatest": "9999-12-31T23:59:59.999999",
    "one-microsecond": "2024-02-29T12:34:56.000001",
}
OFFSETS = {
    "utc": "+00:00",
    "east": "+05:45",
    "west": "-03:30",
    "seconds": "+00:19:32",
    "seconds-west": "-00:44:30",
    "microseconds": "-01:02:03.000004",
    "greatest": "+23:59:59.999999",
    "least": "-23:59:59.999999",
    "microseconds-without-seconds": "+01:00:00.000001",
}
TIMES = {
    "midnight": "00:00:00.000000",
    "last": "23:59:59.999999",
    "utc": "12:00:00.000000+00:00",
    "offset-seconds": "12:00:00.000000-00:44:30",
}
UUIDS = [
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "00112233-4455-6677-8899-aabbccddeeff",
]
SCRIPTS = {
    "latin-nfc": "Zoë Müller",
    "latin-nfd": "Zoe\u0308 Mu\u0308ller",
    "greek": "Αλέξανδρος",
    "cyrillic": "Наталья",
    "hebrew": "שָׁלוֹם",
    "arabic": "مُحَمَّد",
    "devanagari": "प्रिया",
    "thai": "สมชาย",
    "chinese": "王小明",
    "hangul": "김철수",
    "emoji": "👩\u200d👧\u200d👦 😀",
    "nul-inside": "a\x00b",
    "leading-u-feff": "\ufeffa",
    "last-code-point": "\U0010ffff",
}
BYTES = {
    "empty": "",
    "one-zero": "00",
    "all-values": bytes(range(256)).hex(),
    "not-utf8": "fffe80",
    "like-padding": "41800000",
}


def value(kind: str, text: str) -> Value:
    return {"type": kind, "text": text}


def floats() -> list[Sealed]:
    made = []
    for name, bits in FLOATS.items():
        number = struct.unpack(">d", bytes.fromhex(bits))[0]
        made.append(Sealed(f"float-{name}", {"type": "float", "text": repr(number), "bits": bits}, field="score"))
    return made


def values() -> list[Sealed]:
    members = {"members": MEMBERS}
    made = [Sealed(f"bytes-{name}", {"type": "bytes", "hex": data}, field="blob") for name, data in BYTES.items()]
    made += [Sealed(f"text-length-{n}", value("text", ("abcdefg" * 147)[:n])) for n in (0, 1, 15, 16, 17, 31, 1027)]
    made += [Sealed(f"text-{name}", value("text", text), field="full_name") for name, text in SCRIPTS.items()]
    made += [Sealed(f"int-{name}", value("int", str(number)), field="points") for name, number in INTS.items()]
    made += [Sealed(f"bool-{text}", value("bool", text), field="consent") for text in ("false", "true")]
    made += floats()
    made += [
        Sealed(f"decimal-{n}", value("decimal", text), field="salary", note=f"Decimal({text!r})")
        for n, text in enumerate(DECIMALS)
    ]
    made += [Sealed(f"date-{text}", value("date", text), field="born") for text in DATES]
    made += [Sealed(f"datetime-{name}", value("datetime", text), field="seen") for name, text in DATETIMES.items()]
    made += [
        Sealed(
            f"datetime-offset-{name}", value("datetime-offset", "1912-06-23T10:00:00.000000" + text), field="seen"
        )
        for name, text in OFFSETS.items()
    ]
    made += [Sealed(f"time-{name}", value("time", text), field="alarm") for name, text in TIMES.items()]
    made += [Sealed(f"uuid-{n}", value("uuid", text), field="device") for n, text in enumerate(UUIDS)]
    made += [Sealed(f"json-{name}", value("json", text), field="profile") for name, text in JSON_TEXTS.items()]
    made += [
        Sealed(f"enum-{name}", value("enum", text), field="status", declared=members)
        for name, text in {"ascii": "ACTIVE", "other": "GELÖSCHT"}.items()
    ]
    return made


def padded() -> list[Sealed]:
    """`zeros` such that the typed plaintext has the length the name says."""
    nulls = {"type": "text", "nulls_sealed": True}
    return [
        Sealed("null-sealed", {"type": "null"}, declared=nulls),
        Sealed("null-padded-to-32", {"type": "null"}, declared=nulls, zeros=30),
        Sealed("text-in-a-field-that-seals-nulls", value("text", ""), declared=nulls),
        Sealed("text-padded-to-32", value("text", "ada@example.org"), zeros=15),
        Sealed("text-padded-to-64", value("text", "a" * 31), zeros=31),
        Sealed("text-padded-to-32-by-one-byte", value("text", "a" * 30), zeros=0),
        Sealed("text-padded-to-power-of-two-128", value("text", "a" * 100), zeros=26),
        Sealed("text-empty-padded-to-power-of-two-16", value("text", ""), zeros=14),
        Sealed("bytes-like-padding-padded", {"type": "bytes", "hex": "41800000"}, field="blob", zeros=10),
        Sealed("bytes-80-padded-by-one-byte", {"type": "bytes", "hex": "80"}, field="blob", zeros=0),
        Sealed("int-padded", value("int", "-129"), field="points", zeros=13),
        Sealed("json-padded", value("json", '{"a":1}'), field="profile", zeros=7),
    ]


def places() -> list[Sealed]:
    text = value("text", "ada@example.org")
    subject = Scope("acme", subject="person:7")
    rows: dict[str, Row] = {
        "int": {"type": "int", "text": "7"},
        "text": {"type": "text", "text": "7"},
        "bytes": {"type": "bytes", "hex": "07"},
        "uuid": {"type": "uuid", "text": "00112233-4455-6677-8899-aabbccddeeff"},
        "composite": {
            "type": "composite",
            "values": [{"type": "int", "text": "7"}, {"type": "text", "text": "de"}],
        },
    }
    made = [Sealed(f"row-{name}", text, row=row) for name, row in rows.items()]
    made += [
        Sealed("plain", text),
        Sealed("global-scope", text, Scope(None)),
        Sealed("global-scope-row", text, Scope(None), row=rows["int"]),
        Sealed("names-outside-ascii", text, Scope("Müller GmbH"), schema="люди", field="電子郵件"),
        Sealed("tenant-nfd", text, Scope("Mu\u0308ller GmbH"), schema="люди", field="電子郵件"),
        Sealed("names-of-255-bytes", text, Scope("t" * 255), schema="s" * 255, field="f" * 255),
        Sealed("another-purpose", text, Scope("acme", "audit-log_2")),
        Sealed(
            "subject-key", text, subject, note="the key is a subject key (keyring-v1 §6); the AAD has no subject"
        ),
        Sealed("subject-key-row", text, subject, row=rows["int"]),
        Sealed("subject-key-global", text, Scope(None, subject="person:7")),
    ]
    return made
