"""The lock of a run: held, prolonged, taken over, given up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from plugins.spied_store import SpiedStore

from fieldvault.errors import RotationLockLost, RotationUnderWay
from fieldvault.rotation.lock import locked
from fieldvault.testing import FakeClock


@pytest.fixture
def store() -> SpiedStore:
    return SpiedStore()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_one_holds_it_and_the_other_is_told_who(store: SpiedStore, clock: FakeClock) -> None:
    with locked(store, clock, "keys") as lock:
        with pytest.raises(RotationUnderWay) as refused, locked(store, clock, "keys"):
            raise AssertionError
        assert refused.value.owner == lock.owner
        assert refused.value.until == clock.now() + timedelta(seconds=60)
        with locked(store, clock, "other"):
            pass
    with locked(store, clock, "keys"):
        pass


def test_it_is_prolonged_when_half_of_it_is_over(store: SpiedStore, clock: FakeClock) -> None:
    with locked(store, clock, "keys", seconds=60) as lock:
        for _ in range(5):
            lock.keep()
        assert store.calls["take_lock"] == 1
        for turn in range(5):
            clock.advance(31)
            lock.keep()
            assert store.calls["take_lock"] == 2 + turn
        with pytest.raises(RotationUnderWay), locked(store, clock, "keys"):
            pass


def test_a_killed_run_is_followed_once_its_time_is_over(store: SpiedStore, clock: FakeClock) -> None:
    killed = locked(store, clock, "keys", seconds=60)
    lock = killed.__enter__()
    clock.advance(60)
    with locked(store, clock, "keys"):
        with pytest.raises(RotationLockLost):
            lock.keep()
        lock.release()  # not its own any more
        with pytest.raises(RotationUnderWay), locked(store, clock, "keys"):
            pass


def test_a_store_that_is_away_at_the_end_is_no_failure_of_the_run(store: SpiedStore, clock: FakeClock) -> None:
    with locked(store, clock, "keys"):
        store.away = True
