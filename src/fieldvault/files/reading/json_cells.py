"""A JSON value as a field's value: by its own type where JSON has that type, else from a string."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import NoneType
from typing import Any

from fieldvault.codec import Codec
from fieldvault.codec.plaintext import JSON
from fieldvault.errors import ValueRefused
from fieldvault.files.reading.rows import ColumnReader, may_be_sealed, refuse_sealed

NATURAL = (str, int, bool, float)

_JSON_NAMES = {
    dict: "an object",
    list: "a list",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a bool",
}


def json_column(name: str, codec: Codec[Any]) -> ColumnReader:
    """Values of one field from JSON values, null as None; envelopes are refused."""
    wanted = codec.python_type
    convert = _converter(codec)

    def one(value: Any) -> Any:
        if value is None:
            return None
        if type(value) is str:
            refuse_sealed(value)
        return convert(value)

    def many(values: Sequence[Any]) -> Sequence[Any]:
        if wanted not in NATURAL or not set(map(type, values)) <= {wanted, NoneType}:
            return [one(value) for value in values]
        if wanted is str and may_be_sealed(filter(None, values)):
            return [one(value) for value in values]
        return values

    return ColumnReader(name, many, one)


def _converter(codec: Codec[Any]) -> Callable[[Any], Any]:
    wanted = codec.python_type

    def natural(value: Any) -> Any:
        if type(value) is wanted:
            return value
        if wanted is float:
            return _float_of(codec, value)
        raise _mismatch(codec, value)

    def from_string(value: Any) -> Any:
        if type(value) is not str:
            raise _mismatch(codec, value)
        return codec.from_text(value)

    if codec.tag == JSON:
        return lambda value: value
    return natural if wanted in NATURAL else from_string


def _float_of(codec: Codec[Any], value: Any) -> float:
    # JSON has one kind of number: many programs write 1.0 as 1. It has no NaN: that is written as a string.
    if type(value) is int and abs(value) <= 2**53:
        return float(value)
    number: Any = codec.from_text(value) if type(value) is str else None
    if number is None or math.isfinite(number):
        raise _mismatch(codec, value)
    return float(number)


def _mismatch(codec: Codec[Any], value: Any) -> ValueRefused:
    found = _JSON_NAMES.get(type(value), "another value")
    hint = None
    if found == "a number":
        hint = f"write the {codec.name} as a string: JSON readers round numbers"
    return ValueRefused(f"expected a {codec.name}, got {found}", hint=hint)
