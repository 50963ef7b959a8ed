"""The throttle, on a clock of the test's own."""

from __future__ import annotations

import pytest

from fieldvault.errors import ConfigurationError
from fieldvault.password_migration import RowsPerSecond


class Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


def test_a_fast_batch_waits_for_the_rest_of_its_time() -> None:
    clock = Clock()
    throttle = RowsPerSecond(50, clock=lambda: clock.now, sleep=clock.sleep)
    clock.now += 0.5
    throttle.after(100)
    assert clock.slept == [1.5]
    throttle.after(100)
    assert clock.slept == [1.5, 2.0]


def test_a_slow_batch_does_not_wait_and_is_not_made_up_for() -> None:
    clock = Clock()
    throttle = RowsPerSecond(50, clock=lambda: clock.now, sleep=clock.sleep)
    clock.now += 60
    throttle.after(100)
    assert clock.slept == []
    throttle.after(100)
    assert clock.slept == [2.0]


@pytest.mark.parametrize("rate", [0, -1, float("inf"), float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ConfigurationError):
        RowsPerSecond(rate)
