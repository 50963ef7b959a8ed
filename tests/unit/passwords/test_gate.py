"""The bound on concurrent hashes and their memory."""

from __future__ import annotations

import os
import threading

import pytest

from fieldvault.errors import ConfigurationError, TooManyHashes
from fieldvault.passwords import Argon2Profile, HashingLimits, PasswordHasher
from fieldvault.passwords.gate import HashingGate


def test_places_and_memory_are_bounded() -> None:
    gate = HashingGate(HashingLimits(concurrent=2, memory_kib=100, wait_seconds=0))
    with gate.admit(60):
        with pytest.raises(TooManyHashes), gate.admit(50):
            pass
        with gate.admit(40):
            assert (gate.in_use, gate.memory_in_use_kib) == (2, 100)
            with pytest.raises(TooManyHashes), gate.admit(0):
                pass
        with gate.admit(1):
            pass
    assert (gate.in_use, gate.memory_in_use_kib) == (0, 0)


def test_an_error_inside_gives_the_place_back() -> None:
    gate = HashingGate(HashingLimits(concurrent=1, wait_seconds=0))
    for _ in range(3):
        with pytest.raises(RuntimeError), gate.admit(8):
            raise RuntimeError
    assert gate.in_use == 0


def test_who_waits_gets_the_place_in_order_of_arrival() -> None:
    gate = HashingGate(HashingLimits(concurrent=4, memory_kib=100))
    order: list[str] = []

    def hashing(name: str, memory_kib: int) -> None:
        with gate.admit(memory_kib):
            order.append(name)

    with gate.admit(60):
        large = threading.Thread(target=hashing, args=("large", 100))
        large.start()
        while len(gate._state.queue) < 1:
            pass
        small = threading.Thread(target=hashing, args=("small", 10))  # would fit, but came later
        small.start()
        while len(gate._state.queue) < 2:
            pass
        assert order == []
    large.join()
    small.join()
    assert order == ["large", "small"]


def test_threads_that_hash_never_exceed_the_bound() -> None:
    hasher = PasswordHasher(Argon2Profile(1024, 1, 1), limits=HashingLimits(concurrent=3, memory_kib=2048))
    seen: list[tuple[int, int]] = []
    enter = hasher.gate._enter

    def watched(state: object, memory_kib: int) -> None:
        enter(state, memory_kib)  # type: ignore[arg-type]
        seen.append((hasher.gate.in_use, hasher.gate.memory_in_use_kib))

    hasher.gate._enter = watched  # type: ignore[method-assign]
    threads = [threading.Thread(target=hasher.hash, args=("secret",)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 12
    assert all(hashes <= 2 and memory <= 2048 for hashes, memory in seen)
    assert hasher.gate.in_use == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_does_not_wait_for_its_parents_hashes() -> None:
    gate = HashingGate(HashingLimits(concurrent=1, wait_seconds=0))
    with gate.admit(8):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                with gate.admit(8):
                    status = 0 if gate.in_use == 1 else 2
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert gate.in_use == 1


@pytest.mark.parametrize(
    "bound", ["password_bytes", "concurrent", "memory_kib", "passes", "lanes", "inner_rounds", "wait_seconds"]
)
def test_bounds_below_one(bound: str) -> None:
    with pytest.raises(ConfigurationError):
        HashingLimits(**{bound: -1})
