"""Typed plaintext (envelope-v1 §5), both ways: what a writer writes, and what a reader must refuse.

Values are described as the vector files describe them, for instance {"type": "int", "text": "-129"}.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from generator.primitives import Refused, minimal_integer

Value = dict[str, Any]

TAGS = {
    "null": 0x00,
    "bytes": 0x01,
    "text": 0x02,
    "int": 0x03,
    "bool": 0x04,
    "float": 0x05,
    "decimal": 0x06,
    "date": 0x07,
    "datetime": 0x08,
    "datetime-offset": 0x09,
    "time": 0x0A,
    "uuid": 0x0B,
    "json": 0x0C,
    "enum": 0x0D,
}
PADDED = 0x80

_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}"
_OFFSET = r"([+-])([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{6}))?)?"


def encode(value: Value, *, zeros: int | None = None) -> bytes:
    """Type byte and value; `zeros` is how many 0x00 follow the 0x80 of padding, None for no padding."""
    tag = TAGS[value["type"]]
    match value["type"]:
        case "null":
            body = b""
        case "bytes":
            body = bytes.fromhex(value["hex"])
        case "int":
            body = minimal_integer(int(value["text"]))
        case "bool":
            body = {"false": b"\x00", "true": b"\x01"}[value["text"]]
        case "float":
            body = bytes.fromhex(value["bits"])
        case "uuid":
            body = uuid.UUID(value["text"]).bytes
        case _:
            body = value["text"].encode("utf-8")
    if zeros is None:
        return bytes([tag]) + body
    return bytes([tag | PADDED]) + body + b"\x80" + bytes(zeros)


def decode(plaintext: bytes, declared: Value) -> Value:
    """The value described; `declared` has `type`, `nulls_sealed` and, for an enumeration, `members`."""
    tag, body = plaintext[0] & 0x7F, plaintext[1:]
    if plaintext[0] & PADDED:
        body = body.rstrip(b"\x00")
        require(body.endswith(b"\x80"), "padding without its 0x80")
        body = body[:-1]
    if tag == TAGS["null"]:
        require(declared["nulls_sealed"], "a null where the field seals none")
        require(body == b"", "a null has no bytes")
        return {"type": "null"}
    require(tag == TAGS[declared["type"]], "another type than declared")
    return {"type": declared["type"], **_BODIES[declared["type"]](body, declared)}


def require(fine: bool, why: str) -> None:
    if not fine:
        raise Refused("decode", why)


def _utf8(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("decode", "not UTF-8") from None


def _ascii_match(pattern: str, body: bytes) -> re.Match[str]:
    match = re.fullmatch(pattern, _utf8(body), re.ASCII)
    if match is None:
        raise Refused("decode", "not the canonical spelling")
    return match


def _bytes(body: bytes, _: Value) -> Value:
    return {"hex": body.hex()}


def _text(body: bytes, _: Value) -> Value:
    return {"text": _utf8(body)}


def _int(body: bytes, _: Value) -> Value:
    number = int.from_bytes(body, "big", signed=True)
    require(body == minimal_integer(number), "not minimal")
    return {"text": str(number)}


def _bool(body: bytes, _: Value) -> Value:
    require(body in (b"\x00", b"\x01"), "neither 0x00 nor 0x01")
    return {"text": "true" if body == b"\x01" else "false"}


def _float(body: bytes, _: Value) -> Value:
    require(len(body) == 8, "not 8 bytes")
    return {"bits": body.hex()}


def _decimal(body: bytes, _: Value) -> Value:
    text = _ascii_match(r"-?(?:[0-9]+(?:\.[0-9]+)?(?:E[+-][0-9]+)?|Infinity|s?NaN[0-9]*)", body)[0]
    try:
        canonical_text = str(Decimal(text))
    except InvalidOperation:
        raise Refused("decode", "beyond the exponents of decimal") from None
    require(canonical_text == text, "not the to-scientific-string")
    return {"text": text}


def _calendar(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise Refused("decode", "no such day") from None


def _date(body: bytes, _: Value) -> Value:
    text = _ascii_match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", body)[0]
    _calendar(text)
    return {"text": text}


def _offset(text: str) -> None:
    match = re.fullmatch(_OFFSET, text, re.ASCII)
    if match is None:
        raise Refused("decode", "not an offset")
    sign, hours, minutes, seconds, micros = match.groups()
    require(micros != "000000", "microseconds of an offset that has none")
    require(seconds != "00" or micros is not None, "seconds of an offset that has none")
    zero = int(hours) == int(minutes) == int(seconds or 0) == int(micros or 0) == 0
    require(not (zero and sign == "-"), "minus zero")


def _datetime(body: bytes, _: Value) -> Value:
    text = _ascii_match(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T{_TIME}", body)[0]
    _calendar(text[:10])
    return {"text": text}


def _datetime_offset(body: bytes, _: Value) -> Value:
    text = _utf8(body)
    _datetime(text[:26].encode(), {})
    _offset(text[26:])
    return {"text": text}


def _time(body: bytes, _: Value) -> Value:
    text = _utf8(body)
    _ascii_match(_TIME, text[:15].encode())
    if text[15:]:
        _offset(text[15:])
    return {"text": text}


def _uuid(body: bytes, _: Value) -> Value:
    require(len(body) == 16, "not 16 bytes")
    return {"text": str(uuid.UUID(bytes=body))}


def _members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    require(len(members) == len(pairs), "a name twice")
    return members


def _no_constant(_: str) -> None:
    raise Refused("decode", "NaN or infinity")


def _json(body: bytes, _: Value) -> Value:
    text = _utf8(body)
    try:
        value = json.loads(text, object_pairs_hook=_members_once, parse_constant=_no_constant)
        written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        raise Refused("decode", "not JSON, or a number beyond binary64") from None
    require(written == text, "not the canonical JSON")
    return {"text": text}


def _enum(body: bytes, declared: Value) -> Value:
    text = _utf8(body)
    require(text in declared["members"], "no such member")
    return {"text": text}


_BODIES = {
    "bytes": _bytes,
    "text": _text,
    "int": _int,
    "bool": _bool,
    "float": _float,
    "decimal": _decimal,
    "date": _date,
    "datetime": _datetime,
    "datetime-offset": _datetime_offset,
    "time": _time,
    "uuid": _uuid,
    "json": _json,
    "enum": _enum,
}
