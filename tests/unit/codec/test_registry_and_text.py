"""Declared types and names to codecs; CSV cells to values."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime, time
from decimal import Decimal
from enum import Enum, IntFlag
from typing import Any
from uuid import UUID

import pytest

from fieldvault.codec import AwareDatetime, Json, NaiveDatetime, Padded, PadTo, codec_for, codec_named
from fieldvault.errors import SchemaError, ValueRefused


class Access(IntFlag):
    READ = 1


class Empty(Enum):
    pass


def test_names_and_types_give_the_same_codecs() -> None:
    for name in ("str", "bytes", "int", "bool", "float", "decimal", "date", "datetime", "time", "uuid", "json"):
        assert codec_named(name).name == name
    assert codec_named("decimal") is codec_for(Decimal)
    assert codec_for(Json) is codec_for(dict) is codec_for(list)
    padded = Padded(codec_for(str), PadTo(9))
    assert codec_for(padded) is padded
    assert repr(padded) == "<codec str, PadTo(length=9)>"


@pytest.mark.parametrize("declared", [object, tuple, OrderedDict, complex, Access, Empty, None, "str", list[int]])
def test_a_type_without_a_codec_is_refused(declared: Any) -> None:
    with pytest.raises(SchemaError) as caught:
        codec_for(declared)
    assert declared not in (object, None) or "Decimal" in (caught.value.hint or "")


def test_a_name_without_a_codec_is_refused_with_the_list() -> None:
    with pytest.raises(SchemaError, match="decimal"):
        codec_named("string")


@pytest.mark.parametrize(
    ("declared", "text", "value"),
    [
        (str, " 007 ", " 007 "),
        (bytes, "", b""),
        (bytes, "AP8=", b"\x00\xff"),
        (int, "0", 0),
        (int, "-12", -12),
        (bool, "true", True),
        (bool, "false", False),
        (float, "1.50", 1.5),
        (float, "-1e3", -1000.0),
        (float, "inf", float("inf")),
        (Decimal, "1.50", Decimal("1.50")),
        (Decimal, "0", Decimal(0)),
        (Decimal, "-0.10", Decimal("-0.10")),
        (datetime, "2024-02-29T01:02:03Z", datetime(2024, 2, 29, 1, 2, 3, tzinfo=UTC)),
        (NaiveDatetime, "2024-02-29 01:02", datetime(2024, 2, 29, 1, 2)),  # noqa: DTZ001
        (time, "01:02", time(1, 2)),
        (UUID, "00000000-0000-0000-0000-0000000000AF", UUID(int=0xAF)),
    ],
)
def test_text_is_parsed(declared: Any, text: str, value: Any) -> None:
    codec = codec_for(declared)
    parsed = codec.from_text(text)
    assert parsed == value
    assert type(parsed) is type(value)
    assert codec.from_text(codec.to_text(parsed)) == value


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        (bytes, "AP9="),
        (bytes, "AP8"),
        (bytes, "AP8=\n"),
        (bytes, "é"),
        (int, "007"),
        (int, "+1"),
        (int, "-0"),
        (int, "1_000"),
        (int, " 1"),
        (int, "1\n"),
        (int, "\u0661"),
        (int, ""),
        (int, "1" * 5000),
        (bool, "True"),
        (bool, "1"),
        (float, "1_0.5"),
        (float, " 1.5"),
        (float, "1e999"),
        (float, "\u0661.5"),
        (float, ""),
        (Decimal, "007"),
        (Decimal, "1_0"),
        (Decimal, " 1"),
        (Decimal, "1,5"),
        (Decimal, ""),
        (datetime, "2024-02-29"),
        (datetime, "2024-02-29T01:02:03.1234567"),
        (datetime, "2024-02-30T01:02:03"),
        (datetime, "20240229T010203"),
        (datetime, "2024-02-29T01:02:03\n"),
        (NaiveDatetime, "2024-02-29T01:02:03Z"),
        (AwareDatetime, "2024-02-29T01:02:03"),
        (time, "24:00"),
        (time, "T01:02"),
        (UUID, "{00000000-0000-0000-0000-0000000000af}"),
        (UUID, "000000000000000000000000000000af"),
    ],
)
def test_text_that_would_not_come_back_is_refused(declared: Any, text: str) -> None:
    with pytest.raises(ValueRefused):
        codec_for(declared).from_text(text)


def test_an_int_too_long_for_decimal_text_is_sealed_but_not_written() -> None:
    codec, value = codec_for(int), 10**5000
    assert codec.decode(codec.encode(value)) == value
    with pytest.raises(ValueRefused):
        codec.to_text(value)
