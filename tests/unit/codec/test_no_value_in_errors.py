"""No error of a codec or normaliser holds the value, in any corner of the exception."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest

from fieldvault.codec import Json, Padded, PadTo, codec_for
from fieldvault.errors import DecodeError, FieldvaultError, NotIndexable, ValueRefused
from fieldvault.normalise import EMAIL, NAME, TEXT, Exact, Phone

CANARY = "canary4711"
BAD = CANARY + "\ud800"


class Pet(Enum):
    DOG = 1


DECLARED = [str, bytes, int, bool, float, Decimal, date, datetime, UUID, Json, Pet]


def assert_clean(error: BaseException) -> None:
    assert isinstance(error, FieldvaultError)
    assert error.__cause__ is None
    assert error.__context__ is None
    for corner in (str(error), repr(error), error.hint, repr(vars(error)), repr(error.args), repr(error.__dict__)):
        assert "canary" not in (corner or "").lower()
        assert b"canary".hex() not in (corner or "").lower()


def refusal(call: Callable[[], Any], kind: type[FieldvaultError]) -> FieldvaultError:
    with pytest.raises(kind) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("declared", DECLARED)
def test_decode_errors(declared: Any) -> None:
    codec = codec_for(declared)
    tag = bytes((codec.tag,))
    for typed in (tag + BAD.encode("utf-8", "surrogatepass"), b"\x7f" + CANARY.encode(), b"\x82" + CANARY.encode()):
        if declared in (bytes, int) and typed[:1] == tag:
            continue  # Any bytes are bytes, and nearly any an int.
        assert_clean(refusal(lambda typed=typed: codec.decode(typed), DecodeError))
        assert_clean(refusal(lambda typed=typed: codec.decode_many([typed]), DecodeError))


@pytest.mark.parametrize("declared", DECLARED)
def test_encode_and_text_errors(declared: Any) -> None:
    codec = codec_for(declared)
    for value in (BAD, (CANARY,), {"k": {CANARY}}, {CANARY: BAD}, [float("nan"), CANARY]):
        assert_clean(refusal(lambda value=value: codec.encode(value), ValueRefused))
        assert_clean(refusal(lambda value=value: codec.encode_many([value]), ValueRefused))
    if declared is not str:
        for text in (BAD, f'["{CANARY}"'):
            assert_clean(refusal(lambda text=text: codec.from_text(text), ValueRefused))


def test_padding_errors() -> None:
    assert_clean(refusal(lambda: Padded(codec_for(str), PadTo(4)).encode(CANARY), ValueRefused))


@pytest.mark.parametrize("normaliser", [EMAIL, NAME, TEXT, Phone("GB"), Exact(codec_for(str))], ids=repr)
def test_normaliser_errors(normaliser: Any) -> None:
    for value in (BAD, f"{BAD}@example.com", CANARY.encode()):
        assert_clean(refusal(lambda value=value: normaliser.normalise(value), NotIndexable))
    if normaliser is EMAIL or isinstance(normaliser, Phone):
        assert_clean(refusal(lambda: normaliser.normalise(CANARY), NotIndexable))
        assert_clean(refusal(lambda: normaliser.normalise_many([f"0791234567 {CANARY}@@"]), NotIndexable))
