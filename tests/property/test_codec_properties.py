"""Round trips, and the one encoding of each value, for every codec."""

from __future__ import annotations

import math
import struct
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldvault.codec import (
    AwareDatetime,
    Codec,
    Json,
    NaiveDatetime,
    NoPadding,
    Padded,
    PadToMultiple,
    PadToPowerOfTwo,
    codec_for,
    is_null,
)
from fieldvault.errors import DecodeError, ValueRefused


class Colour(Enum):
    RED = 1
    GREEN = 2
    BLÅ = 3


OFFSETS = st.timedeltas(
    min_value=timedelta(hours=-24, microseconds=1), max_value=timedelta(hours=24, microseconds=-1)
).map(timezone)
ZONES = st.sampled_from([UTC, *map(ZoneInfo, ("Asia/Kolkata", "Europe/London", "Asia/Amman", "America/New_York"))])
NAIVE = st.datetimes()
AWARE = st.datetimes(timezones=OFFSETS | ZONES)
FLOATS = st.binary(min_size=8, max_size=8).map(lambda raw: struct.unpack(">d", raw)[0]) | st.floats()
DECIMALS = st.decimals() | st.builds(
    Decimal,
    st.tuples(
        st.integers(0, 1),
        st.lists(st.integers(0, 9), min_size=1, max_size=60).map(tuple),
        st.integers(-999999, 999999) | st.sampled_from(["F", "n", "N"]),
    ),
)
JSON_VALUES = st.recursive(
    st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
).filter(lambda value: value is not None)

CASES: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "str": (str, st.text()),
    "bytes": (bytes, st.binary()),
    "int": (int, st.integers() | st.integers(-(2**2000), 2**2000)),
    "bool": (bool, st.booleans()),
    "float": (float, FLOATS),
    "decimal": (Decimal, DECIMALS),
    "date": (date, st.dates()),
    "datetime": (datetime, NAIVE | AWARE),
    "naive": (NaiveDatetime, NAIVE),
    "aware": (AwareDatetime, AWARE),
    "time": (time, st.times() | st.times(timezones=OFFSETS)),
    "uuid": (UUID, st.uuids()),
    "json": (Json, JSON_VALUES),
    "enum": (Colour, st.sampled_from(Colour)),
}
every_codec = pytest.mark.parametrize("case", CASES)
PADDINGS = st.builds(PadToMultiple, st.integers(2, 70)) | st.builds(
    PadToPowerOfTwo, st.sampled_from([2, 4, 32, 256])
)


def same(a: Any, b: Any) -> bool:
    """Equal, of one type, and where Python's == is blind (NaN, -0.0, 1.0 and 1.00, offsets) equal to the bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return struct.pack(">d", a) == struct.pack(">d", b)
    if isinstance(a, Decimal):
        return a.as_tuple() == b.as_tuple()
    if isinstance(a, datetime):
        return a.replace(tzinfo=None) == b.replace(tzinfo=None) and a.utcoffset() == b.utcoffset()
    if isinstance(a, time):
        return a.replace(tzinfo=None) == b.replace(tzinfo=None) and a.utcoffset() == b.utcoffset()
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def codec_of(case: str) -> tuple[Codec[Any], st.SearchStrategy[Any]]:
    declared, values = CASES[case]
    return codec_for(declared), values


@every_codec
@given(data=st.data())
def test_a_value_comes_back(case: str, data: st.DataObject) -> None:
    codec, values = codec_of(case)
    value = data.draw(values)
    typed = codec.encode(value)
    assert same(codec.decode(typed), value)
    assert not typed[0] & 0x80
    assert not is_null(typed)
    assert codec.encode(codec.decode(typed)) == typed


@every_codec
@given(data=st.data())
def test_bulk_is_the_same_as_one_by_one(case: str, data: st.DataObject) -> None:
    codec, values = codec_of(case)
    several = data.draw(st.lists(values, max_size=6))
    typed = codec.encode_many(several)
    assert typed == [codec.encode(value) for value in several]
    assert all(map(same, codec.decode_many(typed), several))
    assert len(codec.decode_many(tuple(typed))) == len(several)


@every_codec
@given(data=st.data(), padding=PADDINGS)
def test_padded_and_unpadded_decode_alike(case: str, data: st.DataObject, padding: Any) -> None:
    codec, values = codec_of(case)
    several = data.draw(st.lists(values, min_size=1, max_size=4))
    padded = Padded(codec, padding)
    mixed = [*padded.encode_many(several), *codec.encode_many(several)]
    for reader in (codec, padded, Padded(codec, NoPadding())):
        assert all(map(same, reader.decode_many(mixed), several * 2))
        assert all(map(same, map(reader.decode, mixed), several * 2))
    for typed in padded.encode_many(several):
        assert typed[0] & 0x80
        if isinstance(padding, PadToMultiple):
            assert len(typed) % padding.of == 0
        else:
            assert len(typed) >= padding.minimum
            assert math.log2(len(typed)).is_integer()


@every_codec
@given(data=st.data())
def test_a_cut_lengthened_or_flipped_encoding_is_refused_or_canonical(case: str, data: st.DataObject) -> None:
    codec, values = codec_of(case)
    typed = codec.encode(data.draw(values))
    altered = [typed[:length] for length in range(len(typed))]
    altered += [typed + tail for tail in (b"\x00", b"\x80", b"0", b" ", b"\n", b"\xff", data.draw(st.binary()))]
    altered += [typed[:at] + bytes((typed[at] ^ 1 << bit,)) + typed[at + 1 :] for at in range(min(len(typed), 40))
                for bit in range(8)]  # fmt: skip
    for one in altered:
        assert_refused_or_canonical(codec, one)


@every_codec
@given(data=st.data())
def test_any_bytes_are_refused_or_canonical(case: str, data: st.DataObject) -> None:
    codec, values = codec_of(case)
    body = data.draw(
        st.binary(max_size=40) | st.text("0123456789-+:.TZeEINaFinfty \u0661_", max_size=34).map(str.encode)
    )
    assert_refused_or_canonical(codec, codec.encode(data.draw(values))[:1] + body)


def assert_refused_or_canonical(codec: Codec[Any], typed: bytes) -> None:
    try:
        value = codec.decode(typed)
    except DecodeError:
        with pytest.raises(DecodeError):
            codec.decode_many([typed])
        return
    again = codec.encode(value)
    unpadded = typed if not typed[0] & 0x80 else bytes((typed[0] & 0x7F,)) + typed[1:].rstrip(b"\0")[:-1]
    assert again == unpadded
    assert same(codec.decode_many([typed])[0], value)


@every_codec
@given(data=st.data())
def test_text_gives_the_value_back(case: str, data: st.DataObject) -> None:
    codec, values = codec_of(case)
    value = data.draw(values)
    again = codec.from_text(codec.to_text(value))
    if isinstance(value, float) and math.isnan(value):
        assert math.isnan(again)
    else:
        assert same(again, value)


@every_codec
@given(text=st.text() | st.text('0123456789-+:.TZeEINaFinfty_ {}[]",tru', max_size=30))
def test_any_text_is_refused_or_keeps_its_value(case: str, text: str) -> None:
    codec = codec_for(CASES[case][0])
    try:
        value = codec.from_text(text)
    except ValueRefused:
        return
    again = codec.from_text(codec.to_text(value))
    assert same(again, value) or (isinstance(value, float) and math.isnan(value) and math.isnan(again))
