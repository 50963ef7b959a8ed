"""Typed values to bytes and back: what is sealed is one type byte and the value (spec envelope-v1 §5)."""

from fieldvault.codec.base import Codec
from fieldvault.codec.enums import EnumCodec
from fieldvault.codec.json_values import Json, JsonValue
from fieldvault.codec.padding import NoPadding, Padded, Padding, PadTo, PadToMultiple, PadToPowerOfTwo
from fieldvault.codec.plaintext import NULL_PLAINTEXT, is_null
from fieldvault.codec.registry import codec_for, codec_named
from fieldvault.codec.temporal import AwareDatetime, NaiveDatetime

__all__ = [
    "NULL_PLAINTEXT",
    "AwareDatetime",
    "Codec",
    "EnumCodec",
    "Json",
    "JsonValue",
    "NaiveDatetime",
    "NoPadding",
    "PadTo",
    "PadToMultiple",
    "PadToPowerOfTwo",
    "Padded",
    "Padding",
    "codec_for",
    "codec_named",
    "is_null",
]
