"""JSON values: exactly those that JSON gives back as they were.

Rules of this file:

1. Only dict with str keys, list, str, int, float, bool and None, of exactly these types, at every depth: JSON
   would give back a list for a tuple, and the key "1" for the key 1.
2. No NaN and no Infinity, which JSON does not have; no nesting deeper than `MAX_DEPTH`.
3. None by itself is the field's null, so it is not a JSON value here.
4. Decoding accepts only what encoding the result gives again: that refuses duplicate keys, white space, escapes
   that need not be and numbers in another spelling, all in one comparison.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from fieldvault.codec import plaintext
from fieldvault.codec.base import Codec, attempt, wrong_type
from fieldvault.errors import DecodeError, ValueRefused

MAX_DEPTH = 128
"""Lists and objects inside each other; the outermost counts as 1."""

JsonValue = Any
"""dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"""

_LEAVES = frozenset((str, int, float, bool, type(None)))
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class Json:
    """Declares a field that holds JSON values."""


class JsonCodec(Codec[JsonValue]):
    """Compact JSON in UTF-8, key order kept (RFC 8259)."""

    tag = plaintext.JSON
    name = "json"
    python_type = object

    def encode(self, value: JsonValue) -> bytes:
        if value is None:
            raise wrong_type("a JSON value", value)
        refusal = _refusal(value, set())
        if refusal is not None:
            raise refusal
        encoded = attempt(lambda: _ENCODER.encode(value).encode(), ValueError)
        if encoded is None:
            raise ValueRefused(
                "the value cannot be written as JSON",
                hint="a NaN, an Infinity, a lone surrogate, or an int of thousands of digits",
            )
        return b"\x0c" + encoded

    def decode_body(self, body: bytes) -> JsonValue:
        value = attempt(lambda: json.loads(body.decode()), ValueError, RecursionError)
        again = None if value is None else attempt(lambda: self.encode(value), ValueRefused)
        if again is None or again[1:] != body:
            raise DecodeError("a JSON value's bytes are not its canonical encoding")
        return value

    def to_text(self, value: JsonValue) -> str:
        return self.encode(value)[1:].decode()

    def from_text(self, text: str) -> JsonValue:
        value = attempt(lambda: json.loads(text, object_pairs_hook=_without_duplicates), ValueError, RecursionError)
        if value is None or attempt(lambda: self.encode(value), ValueRefused) is None:
            raise ValueRefused(
                "the text is not a JSON value",
                hint="RFC 8259, without duplicate keys, NaN or Infinity; null is a null",
            )
        return value


def _refusal(value: object, ancestors: set[int]) -> ValueRefused | None:
    """Why `value` would not come back from JSON, or None. `ancestors` are the ids of what it lies in."""
    kind = type(value)
    if kind in _LEAVES:
        return None
    if kind is not dict and kind is not list:
        return wrong_type("a JSON value (dict, list, str, int, float, bool, None)", value)
    if id(value) in ancestors:
        return ValueRefused("a JSON value contains itself")
    if len(ancestors) == MAX_DEPTH:
        return ValueRefused(f"a JSON value is nested deeper than {MAX_DEPTH} levels")
    children: Iterable[object] = value  # type: ignore[assignment]
    if isinstance(value, dict):
        for key in value:
            if type(key) is not str:
                return ValueRefused(f"expected str as the key of a JSON object, got {type(key).__name__}")
        children = value.values()
    ancestors.add(id(value))
    for child in children:
        if type(child) not in _LEAVES:
            refusal = _refusal(child, ancestors)
            if refusal is not None:
                return refusal
    ancestors.discard(id(value))
    return None


def _without_duplicates(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found
