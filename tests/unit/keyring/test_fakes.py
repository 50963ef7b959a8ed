"""The doubles that fieldvault ships to its users keep the rules of the real parts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from plugins.kek_contract import KekContract

from fieldvault import Scope
from fieldvault.errors import KekDenied, KekUnavailable
from fieldvault.ports import Clock, KekProvider
from fieldvault.testing import FakeClock, FakeKek, memory_keyrings


class TestFakeKekKeepsTheContract(KekContract):
    @pytest.fixture
    def kek(self) -> KekProvider:
        return FakeKek()

    @pytest.fixture
    def other_kek(self) -> KekProvider:
        return FakeKek()


def test_calls_are_counted_however_many_keys_they_carry() -> None:
    kek = FakeKek()
    wrapped = kek.wrap([b"k" * 32] * 3)
    kek.unwrap(wrapped)
    kek.unwrap(wrapped[:1])
    assert (kek.wrap_calls, kek.unwrap_calls) == (1, 2)


def test_it_fails_when_told_to_until_told_otherwise() -> None:
    kek = FakeKek()
    kek.fail_with(KekDenied("the token expired", hint="log in"))
    errors = []
    for _ in range(2):
        with pytest.raises(KekDenied, match="the token expired") as raised:
            kek.wrap([b"k" * 32])
        errors.append(raised.value)
    with pytest.raises(KekDenied):
        kek.unwrap([])
    assert errors[0] is not errors[1]
    assert errors[0].hint == "log in"
    kek.fail_with(None)
    assert len(kek.wrap([b"k" * 32])) == 1
    assert kek.wrap_calls == 3


def test_what_runs_before_a_call_runs_in_it() -> None:
    kek, seen = FakeKek(), []
    kek.before_call = lambda: seen.append(1)
    kek.wrap([])
    kek.unwrap([])
    kek.slow(0)
    kek.wrap([])
    assert len(seen) == 2


def test_the_clock_moves_by_hand_only() -> None:
    clock: Clock = (fake := FakeClock())
    start, wall = clock.monotonic(), clock.now()
    assert wall.utcoffset() == timedelta(0)
    fake.advance(1.5)
    assert (clock.monotonic() - start, clock.now() - wall) == (1.5, timedelta(seconds=1.5))
    fake.set_wall_clock_back(years=1)
    assert clock.monotonic() - start == 1.5
    assert clock.now() < wall - timedelta(days=360)
    with pytest.raises(ValueError, match="time does not go back"):
        fake.advance(-1)


def test_memory_keyrings_seal_at_once_and_share_nothing() -> None:
    one, other = memory_keyrings(), memory_keyrings()
    scope = Scope("acme", "fields")
    assert one.keyring(scope).primary(uses=1).key_id != other.keyring(scope).primary(uses=1).key_id
    kek = FakeKek()
    down = memory_keyrings(kek=kek)
    kek.fail_with(KekUnavailable("sealed"))
    with pytest.raises(KekUnavailable):
        down.keyring(scope).primary(uses=1)
