"""JSON that is too deep, or that contains itself."""

from __future__ import annotations

from typing import Any

import pytest

from fieldvault.codec import Json, codec_for
from fieldvault.codec.json_values import MAX_DEPTH
from fieldvault.errors import ValueRefused


def nested(depth: int) -> Any:
    value: Any = []
    for level in range(depth - 1):
        value = [value] if level % 2 else {"k": value}
    return value


def test_the_deepest_comes_back() -> None:
    codec = codec_for(Json)
    assert codec.decode(codec.encode(nested(MAX_DEPTH))) == nested(MAX_DEPTH)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 50_000])
def test_deeper_is_refused(depth: int) -> None:
    with pytest.raises(ValueRefused, match="deeper"):
        codec_for(Json).encode(nested(depth))


def test_a_circle_is_refused_without_running_round_it() -> None:
    # Twice inside itself: a walk that only counted depth would take 2^128 steps.
    circle: list[Any] = []
    circle += [circle, {"again": circle}]
    with pytest.raises(ValueRefused, match="itself"):
        codec_for(Json).encode(circle)


def test_the_same_list_twice_is_no_circle() -> None:
    shared = [1]
    assert codec_for(Json).encode([shared, shared]) == b"\x0c[[1],[1]]"


def test_numbers_keep_their_type() -> None:
    codec = codec_for(Json)
    again = codec.decode(codec.encode([1, 1.0, -0.0, True, 10**30]))
    assert [type(one) for one in again] == [int, float, float, bool, int]
    assert str(again[2]) == "-0.0"


@pytest.mark.parametrize("text", ['{"a":1,"a":2}', "NaN", "[1e999]", "null", "", "[1", '"\\ud800"', "[" * 100_000])
def test_text_that_is_not_one_json_value_is_refused(text: str) -> None:
    with pytest.raises(ValueRefused):
        codec_for(Json).from_text(text)


def test_text_may_have_white_space() -> None:
    assert codec_for(Json).from_text(' {"b": [1, null]}\n') == {"b": [1, None]}
