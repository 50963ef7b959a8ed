"""From a declared type, or its name in a configuration file, to its codec. What is not listed is refused."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from fieldvault.codec.base import Codec
from fieldvault.codec.enums import EnumCodec
from fieldvault.codec.json_values import Json, JsonCodec
from fieldvault.codec.numbers import DecimalCodec, FloatCodec, IntCodec
from fieldvault.codec.scalars import BoolCodec, BytesCodec, StrCodec, UuidCodec
from fieldvault.codec.temporal import (
    AwareDatetime,
    AwareDatetimeCodec,
    DateCodec,
    DatetimeCodec,
    NaiveDatetime,
    NaiveDatetimeCodec,
    TimeCodec,
)
from fieldvault.errors import SchemaError

_JSON = JsonCodec()

_BY_TYPE: dict[type[Any], Codec[Any]] = {
    str: StrCodec(),
    bytes: BytesCodec(),
    int: IntCodec(),
    bool: BoolCodec(),
    float: FloatCodec(),
    Decimal: DecimalCodec(),
    date: DateCodec(),
    datetime: DatetimeCodec(),
    NaiveDatetime: NaiveDatetimeCodec(),
    AwareDatetime: AwareDatetimeCodec(),
    time: TimeCodec(),
    UUID: UuidCodec(),
    Json: _JSON,
    dict: _JSON,
    list: _JSON,
}
_BY_NAME: dict[str, Codec[Any]] = {
    _BY_TYPE[declared].name: _BY_TYPE[declared]
    for declared in (str, bytes, int, bool, float, Decimal, date, datetime, time, UUID, Json)
}


def codec_for(declared: type[Any] | Codec[Any]) -> Codec[Any]:
    """The codec of a declared type; a codec stands for itself.

    `dict` and `list` mean any JSON value. Raises `SchemaError` for a type that fieldvault cannot bring back.
    """
    if isinstance(declared, Codec):
        return declared
    if isinstance(declared, type):
        # By identity, not by subclass: what a subclass adds would be lost.
        codec = _BY_TYPE.get(declared)
        if codec is not None:
            return codec
        if issubclass(declared, Enum):
            return EnumCodec(declared)
    known = ", ".join(one.__name__ for one in _BY_TYPE)
    what = declared.__name__ if isinstance(declared, type) else f"a {type(declared).__name__}"
    raise SchemaError(f"a field cannot be declared as {what}", hint=f"use {known}, an Enum, or a Codec")


def codec_named(name: str) -> Codec[Any]:
    """The codec of a name in a configuration file. Raises `SchemaError` for a name that is not one."""
    codec = _BY_NAME.get(name)
    if codec is None:
        raise SchemaError(f"there is no field type {name!r}", hint=f"use {', '.join(_BY_NAME)}")
    return codec
