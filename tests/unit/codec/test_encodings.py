"""The persisted bytes, value by value (spec envelope-v1 §5). A change here breaks what is sealed already."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, localcontext
from enum import Enum, IntEnum, StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from fieldvault.codec import AwareDatetime, Json, NaiveDatetime, codec_for
from fieldvault.errors import DecodeError, ValueRefused


class Tier(StrEnum):
    GOLD = "g"


class Level(IntEnum):
    HIGH = 3


class FancyStr(str):
    def encode(self, *_: object) -> bytes:
        return b"overridden"

    def __str__(self) -> str:
        return "overridden"


class FancyInt(int):
    def __index__(self) -> int:
        return 99


class FancyBytes(bytes):
    def __radd__(self, other: bytes) -> bytes:
        return b"overridden"


class Nanoseconds(datetime):
    """Like pandas.Timestamp: a datetime that holds more than a datetime can."""

    extra = 0

    def replace(self, *args: Any, **kwargs: Any) -> Any:
        return self

    def __eq__(self, other: object) -> bool:
        return not self.extra

    __hash__ = datetime.__hash__


INDIA = timezone(timedelta(hours=5, minutes=30))
ODD = timezone(timedelta(hours=-1, seconds=-2, microseconds=-3))
UUID_BYTES = bytes(range(16))

ENCODINGS: list[tuple[Any, Any, bytes]] = [
    (bytes, b"", b"\x01"),
    (bytes, b"\x00\x80", b"\x01\x00\x80"),
    (str, "", b"\x02"),
    (str, "é€😀", b"\x02\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
    (int, 0, b"\x03\x00"),
    (int, -1, b"\x03\xff"),
    (int, 127, b"\x03\x7f"),
    (int, 128, b"\x03\x00\x80"),
    (int, -128, b"\x03\x80"),
    (int, -129, b"\x03\xff\x7f"),
    (int, 2**64, b"\x03\x01" + bytes(8)),
    (bool, False, b"\x04\x00"),
    (bool, True, b"\x04\x01"),
    (float, -0.0, b"\x05\x80" + bytes(7)),
    (float, 1.5, b"\x05\x3f\xf8" + bytes(6)),
    (float, struct.unpack(">d", b"\x7f\xf8\0\0\0\0\0\7")[0], b"\x05\x7f\xf8\0\0\0\0\0\7"),
    (Decimal, Decimal("1.50"), b"\x061.50"),
    (Decimal, Decimal("-0E+3"), b"\x06-0E+3"),
    (Decimal, Decimal("-sNaN12"), b"\x06-sNaN12"),
    (Decimal, Decimal("Infinity"), b"\x06Infinity"),
    (date, date(33, 4, 3), b"\x070033-04-03"),
    (NaiveDatetime, datetime(2024, 2, 29, 1, 2, 3), b"\x082024-02-29T01:02:03.000000"),  # noqa: DTZ001
    (datetime, datetime(2024, 2, 29, 1, 2, 3), b"\x082024-02-29T01:02:03.000000"),  # noqa: DTZ001
    (datetime, datetime(2024, 2, 29, 1, 2, 3, 4, UTC), b"\x092024-02-29T01:02:03.000004+00:00"),
    (AwareDatetime, datetime(1, 1, 1, tzinfo=INDIA), b"\x090001-01-01T00:00:00.000000+05:30"),
    (AwareDatetime, datetime(9999, 12, 31, tzinfo=ODD), b"\x099999-12-31T00:00:00.000000-01:00:02.000003"),
    (time, time(23, 59), b"\x0a23:59:00.000000"),
    (time, time(1, 2, 3, 4, INDIA), b"\x0a01:02:03.000004+05:30"),
    (UUID, UUID(bytes=UUID_BYTES), b"\x0b" + UUID_BYTES),
    (Json, {"b": [1, 1.0, True, None, "é"], "a": {}}, b'\x0c{"b":[1,1.0,true,null,"\xc3\xa9"],"a":{}}'),
    (dict, "text", b'\x0c"text"'),
    (Tier, Tier.GOLD, b"\x0dGOLD"),
]


@pytest.mark.parametrize(("declared", "value", "typed"), ENCODINGS)
def test_the_bytes_are_these(declared: Any, value: Any, typed: bytes) -> None:
    codec = codec_for(declared)
    assert codec.encode(value) == typed
    assert codec.encode_many([value]) == [typed]
    again = codec.decode(typed)
    assert type(again) is type(value)
    assert codec.encode(again) == typed


@pytest.mark.parametrize(
    ("declared", "typed"),
    [
        (str, b""),
        (str, b"\x01a"),
        (str, b"\x00"),
        (str, b"\x0e"),
        (str, b"\x02\xc0\x80"),
        (str, b"\x02\xed\xa0\x80"),
        (str, b"\x82a"),
        (str, b"\x82a\x80\x01"),
        (str, b"\x82\x00\x00"),
        (int, b"\x03"),
        (int, b"\x03\x00\x00"),
        (int, b"\x03\xff\xff"),
        (bool, b"\x04"),
        (bool, b"\x04\x02"),
        (bool, b"\x04\x01\x00"),
        (float, b"\x05" + bytes(7)),
        (float, b"\x05" + bytes(9)),
        (Decimal, b"\x06"),
        (Decimal, b"\x061_0"),
        (Decimal, b"\x06 1"),
        (Decimal, b"\x06+1"),
        (Decimal, b"\x06.5"),
        (Decimal, b"\x061e5"),
        (Decimal, "\x06\u0661".encode()),
        (Decimal, b"\x06nan"),
        (Decimal, b"\x061E+99999999999999999999999"),
        (date, b"\x0720240229"),
        (date, b"\x072023-02-29"),
        (date, b"\x072024-W01-1"),
        (datetime, b"\x082024-02-29 01:02:03.000000"),
        (datetime, b"\x082024-02-29T01:02:03"),
        (datetime, b"\x082024-02-29T01:02:03.000000+00:00"),
        (datetime, b"\x092024-02-29T01:02:03.000000"),
        (datetime, b"\x092024-02-29T01:02:03.000000Z"),
        (datetime, b"\x092024-02-29T01:02:03.000000-00:00"),
        (NaiveDatetime, b"\x092024-02-29T01:02:03.000000+00:00"),
        (AwareDatetime, b"\x082024-02-29T01:02:03.000000"),
        (time, b"\x0a24:00:00.000000"),
        (time, b"\x0aT01:02:03.000000"),
        (UUID, b"\x0b" + bytes(15)),
        (UUID, b"\x0b" + bytes(17)),
        (Json, b"\x0c"),
        (Json, b"\x0cnull"),
        (Json, b'\x0c{"a":1,"a":1}'),
        (Json, b'\x0c{"a": 1}'),
        (Json, b"\x0cNaN"),
        (Json, b"\x0c[1e999]"),
        (Json, b"\x0c1E5"),
        (Json, b'\x0c"\\u0041"'),
        (Json, b'\x0c"\\ud800"'),
        (Json, b"\x0c" + b"[" * 129 + b"]" * 129),
        (Json, b"\x0c" + b"[" * 100_000 + b"]" * 100_000),
        (Tier, b"\x0d"),
        (Tier, b"\x0dgold"),
        (Tier, b"\x0dg"),
    ],
)
def test_every_other_encoding_is_refused(declared: Any, typed: bytes) -> None:
    with pytest.raises(DecodeError):
        codec_for(declared).decode(typed)
    with pytest.raises(DecodeError):
        codec_for(declared).decode_many([typed])


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (str, None),
        (str, b"a"),
        (str, Tier.GOLD),
        (str, "\ud800"),
        (bytes, "a"),
        (bytes, [1]),
        (int, True),
        (int, 1.0),
        (int, "1"),
        (int, Level.HIGH),
        (bool, 1),
        (bool, 0),
        (float, 1),
        (float, True),
        (float, Decimal(1)),
        (Decimal, 1),
        (Decimal, 1.0),
        (date, datetime(2024, 1, 1, tzinfo=UTC)),
        (date, "2024-01-01"),
        (datetime, date(2024, 1, 1)),
        (NaiveDatetime, datetime(2024, 1, 1, tzinfo=UTC)),
        (AwareDatetime, datetime(2024, 1, 1)),  # noqa: DTZ001
        (time, time(1, tzinfo=ZoneInfo("Europe/London"))),
        (time, datetime(2024, 1, 1, tzinfo=UTC)),
        (UUID, str(UUID(int=1))),
        (Json, None),
        (Json, (1, 2)),
        (Json, {"a": (1,)}),
        (Json, {1: "a"}),
        (Json, {"a": {None: 1}}),
        (Json, [Tier.GOLD]),
        (Json, [{"a": FancyStr("x")}]),
        (Json, [float("nan")]),
        (Json, float("inf")),
        (Json, ["\udfff"]),
        (Json, {"\udfff": 1}),
        (Json, [b"x"]),
        (Json, [Decimal(1)]),
        (Tier, "GOLD"),
        (Tier, "g"),
        (Tier, Level.HIGH),
        (Level, 3),
    ],
)
def test_what_would_not_come_back_is_refused(declared: Any, value: Any) -> None:
    codec = codec_for(declared)
    with pytest.raises(ValueRefused):
        codec.encode(value)
    with pytest.raises(ValueRefused):
        codec.encode_many([value])


def test_subclasses_that_lose_nothing_come_back_as_the_base_type() -> None:
    for declared, value, base in (
        (str, FancyStr("plain"), "plain"),
        (bytes, FancyBytes(b"plain"), b"plain"),
        (bytes, bytearray(b"plain"), b"plain"),
        (bytes, memoryview(b"p.l.a.i.n")[::2], b"plain"),
        (int, FancyInt(5), 5),
        (datetime, Nanoseconds(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)),
    ):
        codec = codec_for(declared)
        for typed in (codec.encode(value), *codec.encode_many([value, base])):
            assert codec.decode(typed) == base
            assert type(codec.decode(typed)) is declared


def test_a_datetime_that_holds_more_than_a_datetime_is_refused() -> None:
    value = Nanoseconds(2024, 1, 2, tzinfo=UTC)
    value.extra = 7
    with pytest.raises(ValueRefused, match="Nanoseconds"):
        codec_for(datetime).encode(value)


def test_a_released_memoryview_is_refused() -> None:
    view = memoryview(b"gone")
    view.release()
    with pytest.raises(ValueRefused):
        codec_for(bytes).encode(view)


def test_the_decimal_context_plays_no_part() -> None:
    codec, value = codec_for(Decimal), Decimal("1.2345678901234567890E+50")
    typed = codec.encode(value)
    with localcontext() as context:
        context.prec = 2
        context.capitals = 0
        context.clear_traps()
        assert codec.encode(value) == typed
        assert codec.decode(typed).as_tuple() == value.as_tuple()
        with pytest.raises(DecodeError):
            codec.decode(b"\x06nonsense")
        with pytest.raises(ValueRefused):
            codec.from_text("nonsense")


def test_an_offset_of_zero_comes_back_as_utc() -> None:
    codec = codec_for(datetime)
    london = datetime(2024, 1, 1, tzinfo=ZoneInfo("Europe/London"))
    assert codec.decode(codec.encode(london)).tzinfo is UTC
    summer = datetime(2024, 7, 1, tzinfo=ZoneInfo("Europe/London"))
    assert codec.decode(codec.encode(summer)).tzinfo == timezone(timedelta(hours=1))


@pytest.mark.parametrize("micros", [1, -1, 999_999, -999_999, 1_000_001])
def test_offsets_of_less_than_a_second_are_kept(micros: int) -> None:
    zone = timezone(timedelta(microseconds=micros))
    for declared, value in ((datetime, datetime(2024, 1, 1, tzinfo=zone)), (time, time(1, tzinfo=zone))):
        codec = codec_for(declared)
        assert codec.decode(codec.encode(value)).utcoffset() == zone.utcoffset(None)
        assert codec.from_text(codec.to_text(value)).utcoffset() == zone.utcoffset(None)


def test_a_repeated_hour_keeps_its_offset() -> None:
    later = datetime(2024, 10, 27, 1, 30, tzinfo=ZoneInfo("Europe/London"), fold=1)
    again = codec_for(datetime).decode(codec_for(datetime).encode(later))
    assert again.utcoffset() == timedelta(0)


def test_an_enum_member_may_be_renamed_if_its_old_name_stays_an_alias() -> None:
    class Before(Enum):
        GREY = 1

    class After(Enum):
        GRAY = 1
        GREY = 1  # noqa: PIE796

    assert codec_for(After).decode(codec_for(Before).encode(Before.GREY)) is After.GRAY
    assert codec_for(After).encode(After.GREY) == b"\x0dGRAY"
