"""Negative vectors of envelope-v1 §5: authentic envelopes whose typed plaintext no writer would have written."""

from __future__ import annotations

from generator.envelope_positive import MEMBERS
from generator.sealing import Sealed, Vector, negative
from generator.typed import TAGS

# name: (declared type, value bytes after the type byte, what is broken).
_BODIES: dict[str, tuple[str, bytes, str]] = {
    "text-bad-continuation": ("text", b"a\xc3\x28", "A UTF-8 sequence with a wrong continuation byte."),
    "text-truncated-utf8": ("text", "aé".encode()[:-1], "The last UTF-8 sequence is cut off."),
    "text-overlong-utf8": ("text", b"a\xc0\x80", "An overlong UTF-8 sequence."),
    "text-surrogate": ("text", b"a\xed\xa0\x80", "An encoded surrogate."),
    "text-above-unicode": ("text", b"a\xf4\x90\x80\x80", "A code point above U+10FFFF."),
    "int-empty": ("int", b"", "No bytes."),
    "int-zero-two-bytes": ("int", b"\x00\x00", "Zero in two bytes."),
    "int-127-not-minimal": ("int", b"\x00\x7f", "127 in two bytes."),
    "int-minus-128-not-minimal": ("int", b"\xff\x80", "-128 in two bytes."),
    "int-minus-1-not-minimal": ("int", b"\xff\xff", "-1 in two bytes."),
    "bool-2": ("bool", b"\x02", "0x02 is neither true nor false."),
    "bool-ff": ("bool", b"\xff", "0xff is neither true nor false."),
    "bool-empty": ("bool", b"", "No bytes."),
    "bool-two-bytes": ("bool", b"\x00\x01", "Two bytes."),
    "float-7-bytes": ("float", bytes(7), "Seven bytes."),
    "float-9-bytes": ("float", bytes(9), "Nine bytes."),
    "float-binary32": ("float", bytes.fromhex("3fc00000"), "Four bytes, a binary32."),
    "decimal-empty": ("decimal", b"", "No bytes."),
    "decimal-leading-space": ("decimal", b" 1", "A leading space."),
    "decimal-trailing-newline": ("decimal", b"1\n", "A newline at the end."),
    "decimal-plus": ("decimal", b"+1", "A plus sign."),
    "decimal-leading-zero": ("decimal", b"01", "A leading zero."),
    "decimal-no-digit-before-point": ("decimal", b".5", "No digit before the point."),
    "decimal-no-digit-after-point": ("decimal", b"1.", "No digit after the point."),
    "decimal-lower-case-exponent": ("decimal", b"1e+5", "A lower-case e."),
    "decimal-exponent-without-sign": ("decimal", b"1E5", "An exponent without its sign."),
    "decimal-exponent-leading-zero": ("decimal", b"1E+05", "An exponent with a leading zero."),
    "decimal-exponent-not-needed": ("decimal", b"1.5E+1", "Scientific where to-scientific-string is plain (15)."),
    "decimal-plain-where-scientific": ("decimal", b"0.0000001", "Plain where to-scientific-string is 1E-7."),
    "decimal-underscore": ("decimal", b"1_0", "An underscore."),
    "decimal-comma": ("decimal", b"1,5", "A comma."),
    "decimal-arabic-digit": ("decimal", "\u0661".encode(), "A digit outside ASCII."),
    "decimal-nan-lower-case": ("decimal", b"nan", "NaN in lower case."),
    "decimal-inf": ("decimal", b"Inf", "Infinity abbreviated."),
    "decimal-nan-payload-leading-zero": ("decimal", b"NaN012", "A NaN payload with a leading zero."),
    "date-february-30": ("date", b"2024-02-30", "No such day."),
    "date-february-29-1900": ("date", b"1900-02-29", "No such day: 1900 was no leap year."),
    "date-month-13": ("date", b"2024-13-01", "No such month."),
    "date-day-0": ("date", b"2024-01-00", "No such day."),
    "date-year-0": ("date", b"0000-01-01", "The year 0000."),
    "date-five-digit-year": ("date", b"10000-01-01", "A year of five digits."),
    "date-unpadded": ("date", b"2024-2-3", "Month and day of one digit."),
    "date-basic-format": ("date", b"20240203", "No hyphens."),
    "date-week": ("date", b"2024-W05-6", "A week date."),
    "date-ordinal": ("date", b"2024-034", "An ordinal date."),
    "date-trailing-newline": ("date", b"2024-02-03\n", "A newline at the end."),
    "date-with-time": ("date", b"2024-02-03T00:00:00.000000", "A time after the date."),
    "date-arabic-digits": ("date", "2024-02-0\u0663".encode(), "A digit outside ASCII."),
    "datetime-lower-case-t": ("datetime", b"2024-02-03t04:05:06.000000", "A lower-case t."),
    "datetime-space": ("datetime", b"2024-02-03 04:05:06.000000", "A space in place of the T."),
    "datetime-five-digits": ("datetime", b"2024-02-03T04:05:06.00000", "A fraction of five digits."),
    "datetime-seven-digits": ("datetime", b"2024-02-03T04:05:06.0000000", "A fraction of seven digits."),
    "datetime-no-fraction": ("datetime", b"2024-02-03T04:05:06", "No fraction."),
    "datetime-comma": ("datetime", b"2024-02-03T04:05:06,000000", "A comma before the fraction."),
    "datetime-no-seconds": ("datetime", b"2024-02-03T04:05", "No seconds."),
    "datetime-hour-24": ("datetime", b"2024-02-03T24:00:00.000000", "The hour 24."),
    "datetime-second-60": ("datetime", b"2016-12-31T23:59:60.000000", "The second 60."),
    "datetime-no-such-day": ("datetime", b"2023-02-29T00:00:00.000000", "No such day."),
    "datetime-with-offset": (
        "datetime",
        b"2024-02-03T04:05:06.000000+00:00",
        "An offset under the tag of no offset.",
    ),
    "datetime-offset-missing": (
        "datetime-offset",
        b"2024-02-03T04:05:06.000000",
        "No offset under the tag of one.",
    ),
    "datetime-offset-z": ("datetime-offset", b"2024-02-03T04:05:06.000000Z", "Z in place of +00:00."),
    "datetime-offset-minus-zero": ("datetime-offset", b"2024-02-03T04:05:06.000000-00:00", "Minus zero."),
    "datetime-offset-no-colon": ("datetime-offset", b"2024-02-03T04:05:06.000000+0100", "No colon."),
    "datetime-offset-hours-only": ("datetime-offset", b"2024-02-03T04:05:06.000000+01", "Hours only."),
    "datetime-offset-24": ("datetime-offset", b"2024-02-03T04:05:06.000000+24:00", "An offset of 24 hours."),
    "datetime-offset-minute-60": ("datetime-offset", b"2024-02-03T04:05:06.000000+01:60", "60 minutes."),
    "datetime-offset-zero-seconds": (
        "datetime-offset",
        b"2024-02-03T04:05:06.000000+01:00:00",
        "Seconds that are zero.",
    ),
    "datetime-offset-zero-microseconds": (
        "datetime-offset",
        b"2024-02-03T04:05:06.000000+01:00:01.000000",
        "Microseconds that are zero.",
    ),
    "datetime-offset-three-digits": (
        "datetime-offset",
        b"2024-02-03T04:05:06.000000+01:00:01.500",
        "A fraction of three digits.",
    ),
    "datetime-offset-microseconds-after-minutes": (
        "datetime-offset",
        b"2024-02-03T04:05:06.000000+01:00.000001",
        "Microseconds without the seconds in front of them.",
    ),
    "datetime-offset-space": (
        "datetime-offset",
        b"2024-02-03T04:05:06.000000 +01:00",
        "A space before the offset.",
    ),
    "time-five-digits": ("time", b"04:05:06.00000", "A fraction of five digits."),
    "time-hour-24": ("time", b"24:00:00.000000", "The hour 24."),
    "time-leading-t": ("time", b"T04:05:06.000000", "A leading T."),
    "time-z": ("time", b"04:05:06.000000Z", "Z in place of +00:00."),
    "uuid-15-bytes": ("uuid", bytes(15), "15 bytes."),
    "uuid-17-bytes": ("uuid", bytes(17), "17 bytes."),
    "uuid-as-text": ("uuid", b"00112233-4455-6677-8899-aabbccddeeff", "The text of a UUID."),
    "json-empty": ("json", b"", "No bytes."),
    "json-space-after-colon": ("json", b'{"a": 1}', "A space after a colon."),
    "json-space-after-comma": ("json", b"[1, 2]", "A space after a comma."),
    "json-trailing-newline": ("json", b"{}\n", "A newline at the end."),
    "json-leading-bom": ("json", b"\xef\xbb\xbf{}", "A byte-order mark in front."),
    "json-duplicate-name": ("json", b'{"a":1,"a":1}', "A name twice in one object."),
    "json-duplicate-name-inside": ("json", b'[{"b":{"a":1,"c":2,"a":3}}]', "A name twice in an inner object."),
    "json-nan": ("json", b"[NaN]", "NaN."),
    "json-infinity": ("json", b"[-Infinity]", "Minus infinity."),
    "json-beyond-binary64": ("json", b"[1e999]", "A number beyond binary64."),
    "json-escaped-ascii": ("json", b'"\\u0061"', "An escape for a character that needs none."),
    "json-escaped-non-ascii": ("json", b'"\\u00e9"', "An escape for a character outside ASCII."),
    "json-escaped-slash": ("json", b'"\\/"', "An escaped slash."),
    "json-escape-upper-case-hex": ("json", b'"\\u001F"', "An escape in upper-case hex."),
    "json-long-escape-of-newline": ("json", b'"\\u000a"', "The long escape of a character that has a short one."),
    "json-lone-surrogate-escape": ("json", b'"\\ud800"', "An escaped lone surrogate."),
    "json-raw-control": ("json", b'"\x01"', "An unescaped control character."),
    "json-single-quotes": ("json", b"{'a':1}", "Single quotes."),
    "json-trailing-comma": ("json", b"[1,]", "A comma after the last element."),
    "json-comment": ("json", b"[1/**/]", "A comment."),
    "json-leading-zero": ("json", b"[01]", "A number with a leading zero."),
    "json-two-values": ("json", b"{}{}", "Two values."),
    "json-truncated": ("json", b'{"a":1', "The closing brace is missing."),
    "json-invalid-utf8": ("json", b'"\xff"', "Not UTF-8."),
    "json-integer-minus-zero": ("json", b"[-0]", "An integer minus zero, which is written 0."),
    "json-float-trailing-zero": ("json", b"[1.50]", "A number with a trailing zero."),
    "enum-unknown": ("enum", b"PENDING", "No such member."),
    "enum-lower-case": ("enum", b"active", "The member's name in another case."),
    "enum-value": ("enum", b"1", "The member's value in place of its name."),
    "enum-empty": ("enum", b"", "No bytes."),
    "enum-nfd": ("enum", "GELO\u0308SCHT".encode(), "The member's name spelled in NFD."),
}

# name: (declared type, whole typed plaintext, what is broken)
_WHOLE: dict[str, tuple[str, bytes, str]] = {
    "tag-unknown-7f": ("text", b"\x7fa", "An unknown tag."),
    "tag-unknown-0e": ("text", b"\x0ea", "An unknown tag, next to the last known one."),
    "tag-unknown-padded": ("text", b"\xffa\x80", "An unknown tag with the padding flag."),
    "tag-bytes-read-as-text": ("text", b"\x01a", "Tag of bytes where text is declared."),
    "tag-text-read-as-bytes": ("bytes", b"\x02a", "Tag of text where bytes are declared."),
    "tag-text-read-as-enum": ("enum", b"\x02ACTIVE", "Tag of text where an enumeration is declared."),
    "tag-bool-read-as-int": ("int", b"\x04\x01", "Tag of boolean where an integer is declared."),
    "tag-int-read-as-bool": ("bool", b"\x03\x01", "Tag of integer where a boolean is declared."),
    "tag-int-read-as-float": ("float", b"\x03\x01", "Tag of integer where a float is declared."),
    "tag-int-read-as-decimal": ("decimal", b"\x031", "Tag of integer where a decimal is declared."),
    "tag-date-read-as-datetime": ("datetime", b"\x072024-02-03", "Tag of date where date and time is declared."),
    "tag-text-read-as-json": ("json", b'\x02"a"', "Tag of text where JSON is declared."),
    "tag-uuid-read-as-text": ("text", b"\x0b" + bytes(16), "Tag of UUID where text is declared."),
    "null-not-declared": ("text", b"\x00", "A null in a field that does not seal nulls."),
    "padding-flag-without-80": ("text", b"\x82a", "The padding flag, but no 0x80."),
    "padding-flag-and-zeros-without-80": ("text", b"\x82a\x00\x00", "The padding flag and zeros, but no 0x80."),
    "padding-flag-alone": ("text", b"\x82", "The padding flag, and nothing after the type byte."),
    "padding-zeros-only": ("text", b"\x82\x00\x00", "The padding flag, and zeros only."),
    "padding-not-zero": ("text", b"\x82a\x80\x00\x01", "Padding that ends in 0x01."),
    "padding-without-flag": ("bool", b"\x04\x01\x80\x00", "Padding, but no flag."),
    "padding-hides-non-minimal-int": ("int", b"\x83\x00\x7f\x80\x00", "A padded value that is not canonical."),
}


def decode() -> list[Vector]:
    made = [
        _negative(name, kind, bytes([TAGS[kind]]) + body, breaks) for name, (kind, body, breaks) in _BODIES.items()
    ]
    made += [_negative(name, kind, whole, breaks) for name, (kind, whole, breaks) in _WHOLE.items()]
    nulls = {"nulls_sealed": True}
    made += [
        _negative("null-with-bytes", "text", b"\x00a", "A null with bytes.", **nulls),
        _negative("null-with-zero-byte", "text", b"\x00\x00", "A null with a zero byte.", **nulls),
        _negative("null-padded-with-bytes", "text", b"\x80a\x80\x00", "A padded null with bytes.", **nulls),
    ]
    return made


def _negative(name: str, kind: str, plaintext: bytes, breaks: str, **declared: object) -> Vector:
    members = {"members": MEMBERS} if kind == "enum" else {}
    sealed = Sealed(
        f"decode-{name}", {"type": kind}, field="value", plaintext=plaintext, declared={**members, **declared}
    )
    vector = negative(sealed, f"decode-{name}", "decode", breaks)
    del vector["of"]
    return vector | {"typed_plaintext": plaintext.hex()}
