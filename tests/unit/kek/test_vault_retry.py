"""Backoff, jitter and budget, on a clock that only sleeping moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldvault.errors import ConfigurationError
from fieldvault.kek.vault_transit import RetryPolicy, Timeouts


class FakeTime:
    def __init__(self) -> None:
        self.now, self.slept = 50.0, list[float]()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def policy(time: FakeTime, *, draw: float = 1.0, **settings: float) -> RetryPolicy:
    return RetryPolicy(**settings, clock=lambda: time.now, sleep=time.sleep, random=lambda: draw)


def test_backoff_doubles_up_to_the_cap_and_ends_with_the_budget() -> None:
    time = FakeTime()
    attempts = policy(time, base=1, cap=5, budget=20).begin()
    while attempts.pause(None):
        pass
    assert time.slept == [1, 2, 4, 5, 5]
    assert attempts.number == 6
    assert attempts.remaining() == 3


def test_jitter_is_full() -> None:
    time = FakeTime()
    attempts = policy(time, draw=0.0, base=1, cap=5, budget=20).begin()
    assert [attempts.pause(None) for _ in range(3)] == [True] * 3
    assert time.slept == [0.0] * 3
    drawn = {RetryPolicy().random() for _ in range(100)}
    assert len(drawn) == 100
    assert all(0 <= one < 1 for one in drawn)


def test_retry_after_is_the_least() -> None:
    time = FakeTime()
    attempts = policy(time, base=1, cap=5, budget=20).begin()
    assert attempts.pause(3)
    assert attempts.pause(0.5)
    assert time.slept == [3, 2]
    assert not attempts.pause(15)
    assert time.slept == [3, 2]


@given(
    base=st.floats(0.001, 10),
    cap=st.floats(0.001, 50),
    budget=st.floats(0.001, 500),
    draw=st.floats(0.5, 0.999),
    after=st.none() | st.floats(0, 100),
)
def test_the_budget_is_never_exceeded(
    base: float, cap: float, budget: float, draw: float, after: float | None
) -> None:
    time = FakeTime()
    attempts = policy(time, draw=draw, base=base, cap=cap, budget=budget).begin()
    for _ in range(2000):
        if not attempts.pause(after):
            break
    assert time.now - 50 <= budget * (1 + 1e-9)


def test_a_clock_that_jumps_ahead_ends_it() -> None:
    time = FakeTime()
    attempts = policy(time).begin()
    time.now += 3600
    assert attempts.remaining() == 0
    assert not attempts.pause(None)


def test_timeouts_shrink_with_the_budget() -> None:
    assert Timeouts().within(100) == (3.05, 10)
    assert Timeouts().within(2) == (2, 2)
    assert Timeouts().within(0) == (0.05, 0.05)  # 0 would mean "do not wait at all" to a socket


@pytest.mark.parametrize("bad", [0, -1, float("nan"), float("inf"), True, "1", None])
def test_only_positive_seconds(bad: float) -> None:
    for name in ("base", "cap", "budget"):
        with pytest.raises(ConfigurationError, match=name):
            RetryPolicy(**{name: bad})
    for name in ("connect", "read"):
        with pytest.raises(ConfigurationError, match=name):
            Timeouts(**{name: bad})
