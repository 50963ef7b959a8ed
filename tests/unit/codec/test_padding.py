"""Padding policies, and sealed nulls under them."""

from __future__ import annotations

from typing import Any

import pytest

from fieldvault.codec import (
    NULL_PLAINTEXT,
    NoPadding,
    Padded,
    Padding,
    PadTo,
    PadToMultiple,
    PadToPowerOfTwo,
    codec_for,
    is_null,
)
from fieldvault.errors import DecodeError, SchemaError, ValueRefused

TEXT = codec_for(str)


@pytest.mark.parametrize(
    ("padding", "value", "typed"),
    [
        (NoPadding(), "ab", b"\x02ab"),
        (PadToMultiple(4), "", b"\x82\x80\x00\x00"),
        (PadToMultiple(4), "ab", b"\x82ab\x80"),
        (PadToMultiple(4), "abc", b"\x82abc\x80\x00\x00\x00"),
        (PadToPowerOfTwo(4), "ab", b"\x82ab\x80"),
        (PadToPowerOfTwo(4), "abc", b"\x82abc\x80\x00\x00\x00"),
        (PadToPowerOfTwo(2), "abcdefg", b"\x82abcdefg\x80" + bytes(7)),
        (PadTo(4), "ab", b"\x82ab\x80"),
        (PadTo(5), "ab", b"\x82ab\x80\x00"),
    ],
)
def test_the_bytes_are_these(padding: Padding, value: str, typed: bytes) -> None:
    assert Padded(TEXT, padding).encode(value) == typed
    assert TEXT.decode(typed) == value


def test_a_value_that_ends_like_padding_comes_back() -> None:
    codec = codec_for(bytes)
    for value in (b"\x80", b"\x80\x00\x00", b"\x00", b"\x00\x80"):
        for padding in (PadToMultiple(2), PadToMultiple(16), PadTo(64), PadToPowerOfTwo(8)):
            assert codec.decode(Padded(codec, padding).encode(value)) == value


def test_a_fixed_length_refuses_what_is_longer_without_saying_how_long() -> None:
    codec = Padded(TEXT, PadTo(8))
    assert len(codec.encode("a" * 6)) == 8
    with pytest.raises(ValueRefused) as caught:
        codec.encode("a" * 77)
    assert "77" not in str(caught.value)
    with pytest.raises(ValueRefused):
        codec.encode_many(["a", "a" * 7])


@pytest.mark.parametrize(
    "make",
    [
        lambda: PadToMultiple(1),
        lambda: PadToMultiple(True),
        lambda: PadToMultiple(2**20 + 1),
        lambda: PadToPowerOfTwo(3),
        lambda: PadToPowerOfTwo(0),
        lambda: PadTo(-1),
        lambda: PadTo("8"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(make: Any) -> None:
    with pytest.raises(SchemaError):
        make()


def test_a_null_is_as_long_as_the_values_of_its_field() -> None:
    assert TEXT.null_plaintext == NULL_PLAINTEXT
    padded = Padded(TEXT, PadTo(16))
    assert len(padded.null_plaintext) == len(padded.encode("a")) == 16
    for null in (NULL_PLAINTEXT, padded.null_plaintext):
        assert is_null(null)
        for codec in (TEXT, padded):
            with pytest.raises(DecodeError, match="null"):
                codec.decode(null)
            with pytest.raises(DecodeError, match="null"):
                codec.decode_many([null])


@pytest.mark.parametrize("typed", [b"", b"\x00\x00", b"\x02", b"\x80\x00\x80", b"\x80a\x80"])
def test_what_is_no_null(typed: bytes) -> None:
    assert not is_null(typed)


@pytest.mark.parametrize("typed", [b"\x80", b"\x80\x00"])
def test_a_null_with_a_malformed_padding_is_refused(typed: bytes) -> None:
    with pytest.raises(DecodeError):
        is_null(typed)


def test_padding_twice_pads_once_and_bare_takes_it_off() -> None:
    twice = Padded(Padded(TEXT, PadTo(8)), PadTo(16))
    assert len(twice.encode("a")) == 16
    assert twice.decode(twice.encode("a")) == "a"
    assert twice.bare is TEXT
    assert TEXT.bare is TEXT
    assert (twice.name, twice.tag, twice.python_type) == ("str", 2, str)
    assert twice.from_text("a") == twice.to_text("a") == "a"
