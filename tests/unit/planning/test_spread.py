"""Measures from frequencies of frequencies are those from the values themselves."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldvault.planning import IndexMeasure, Severity, Spread, findings

COLUMNS = st.lists(st.integers(0, 12), max_size=80)


def spread_of(values: list[int]) -> Spread:
    return Spread(Counter(Counter(values).values()))


@given(COLUMNS)
def test_every_measure_is_that_of_the_values(values: list[int]) -> None:
    counts = sorted(Counter(values).values(), reverse=True)
    spread = spread_of(values)
    assert (spread.rows, spread.distinct) == (len(values), len(counts))
    shares = [count / len(values) for count in counts]
    assert spread.entropy == pytest.approx(-sum(share * math.log2(share) for share in shares), abs=1e-9)
    for number in (1, 3, 10):
        assert spread.share_of_most_frequent(number) == pytest.approx(sum(shares[:number]))
    assert all(counts[rank - 1] == count for rank, count in spread.ranks())
    assert {count for _, count in spread.ranks()} == set(counts)


def codes(values: list[int], *, bits: int = 128, nulls: int = 0) -> set[tuple[Severity, str]]:
    measure = IndexMeasure("people", "email", "index", "email_index", bits, nulls, spread_of(values))
    return {(one.severity, one.code) for one in findings(measure)}


def test_a_column_of_different_values_has_no_warning() -> None:
    assert codes(list(range(2_000))) == {(Severity.INFO, "exact-equality"), (Severity.INFO, "all-different")}


def test_a_boolean_is_a_warning() -> None:
    assert (Severity.WARNING, "few-values") in codes([0, 1] * 50)


def test_an_enumeration_of_some_hundred_values_is_a_warning() -> None:
    assert (Severity.WARNING, "few-values") in codes(list(range(300)) * 3)


def test_a_value_that_stands_out_is_a_warning() -> None:
    assert (Severity.WARNING, "heavy-value") in codes([0] * 200 + list(range(1, 2_000)))


def test_nulls_and_equal_rows_are_said() -> None:
    found = codes(list(range(2_000)) * 2, nulls=7)
    assert {(Severity.INFO, "nulls"), (Severity.INFO, "equal-rows")} <= found


def test_a_truncated_index_blurs() -> None:
    assert (Severity.INFO, "collisions") in codes(list(range(255)) * 8, bits=8)
    assert (Severity.INFO, "collisions") in codes(list(range(256)) * 8, bits=8)
    assert (Severity.INFO, "exact-equality") in codes(list(range(60)) * 8, bits=16)


def test_few_rows_say_nothing() -> None:
    assert codes([0, 1]) == {(Severity.INFO, "too-few-rows")}


def test_warnings_come_first() -> None:
    measure = IndexMeasure("people", "sex", "index", "sex_index", 128, 9, spread_of([0, 1] * 50))
    severities = [one.severity for one in findings(measure)]
    assert severities == sorted(severities, key=lambda one: one is Severity.INFO)
