"""The cache of unwrapped keys: its time, its uses, its number (`keyring/cache.py`, `KeyringPolicy`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from plugins.customers import PEOPLE, cipher, person
from plugins.spied_store import SpiedStore

from fieldvault import Keyrings, RecordCipher, Scope
from fieldvault.errors import ConfigurationError, KekUnavailable
from fieldvault.keyring import KeyringPolicy
from fieldvault.testing import FakeClock, FakeKek, memory_keyrings

FIELDS = Scope("acme", "fields")


class Process:
    """A KEK and a key store with one data key in it, and a process with a cold cache that opens under it."""

    def __init__(self, **policy: Any) -> None:
        self.kek, self.store, self.clock = FakeKek(), SpiedStore(), FakeClock()
        self.policy = KeyringPolicy(**policy)
        [self.sealed] = cipher(keyrings=self.keyrings()).seal_column("country", ["UK"])
        self.cipher = cipher(keyrings=self.keyrings())

    def keyrings(self) -> Keyrings:
        return memory_keyrings(kek=self.kek, store=self.store, clock=self.clock, policy=self.policy)

    def open(self, count: int = 1) -> None:
        assert self.cipher.open_column("country", [self.sealed] * count) == ["UK"] * count

    def seal(self, count: int = 1) -> None:
        assert len(self.cipher.seal_column("country", ["UK"] * count)) == count

    def unwraps(self, work: Callable[[], object]) -> int:
        before = self.kek.unwrap_calls
        work()
        return self.kek.unwrap_calls - before


def test_a_key_is_kept_for_its_time_and_no_use_prolongs_it() -> None:
    process = Process(cache_seconds=100)
    assert process.unwraps(process.open) == 1
    for _ in range(9):
        process.clock.advance(11)
        assert process.unwraps(process.open) == 0
    process.clock.advance(1)
    assert process.unwraps(process.open) == 1


def test_sealing_does_not_prolong_the_life_of_a_key_that_was_opened_with() -> None:
    process = Process(cache_seconds=100)
    process.open()
    process.clock.advance(99)
    assert process.unwraps(process.seal) == 0
    process.clock.advance(1)
    assert process.unwraps(process.seal) == 1


def test_a_subject_key_lives_no_longer_than_the_key_that_unwrapped_it() -> None:
    process = Process(cache_seconds=100)
    sealed = cipher(PEOPLE, process.keyrings()).seal_many([person(1), person(2)])
    people = cipher(PEOPLE, process.keyrings())
    assert process.unwraps(lambda: people.open(sealed[0])) == 1
    process.clock.advance(99)
    assert process.unwraps(lambda: people.open(sealed[1])) == 0
    process.clock.advance(1)
    assert process.unwraps(lambda: people.open(sealed[1])) == 1


def test_the_time_counts_from_before_the_kek_was_asked() -> None:
    process = Process(cache_seconds=100)
    process.kek.before_call = lambda: process.clock.advance(60)
    process.open()
    process.clock.advance(40)
    assert process.unwraps(process.open) == 1


def test_no_time_keeps_nothing_but_works() -> None:
    process = Process(cache_seconds=0)
    assert process.unwraps(lambda: process.open(5)) == 1
    assert process.unwraps(process.open) == 1
    assert process.unwraps(process.seal) == 1
    people = cipher(PEOPLE, process.keyrings())
    assert people.open(people.seal(person())) == person()


def test_a_wall_clock_set_back_a_year_changes_nothing() -> None:
    process = Process(cache_seconds=100)
    process.open()
    process.clock.set_wall_clock_back(years=1)
    process.clock.advance(99)
    assert process.unwraps(process.open) == 0
    process.clock.advance(1)
    assert process.unwraps(process.open) == 1
    process.cipher.keyring.rotate()
    process.clock.set_wall_clock_back(years=1)
    process.open()
    records = process.store.data_keys(FIELDS)
    assert [record.version for record in records] == [1, 2]
    assert records[1].created_at < records[0].created_at


@pytest.mark.parametrize("work", ["open", "seal"])
def test_a_key_is_used_up_and_unwrapped_anew(work: str) -> None:
    process = Process(cache_uses=10)
    unwraps = [process.unwraps(lambda: getattr(process, work)(5)) for _ in range(12)]
    assert 1 in unwraps[1:], f"60 values, each key is for 10, and the KEK was asked {sum(unwraps)} times"
    # At most one batch more than the policy says: the first one, which found the key cold.
    for start in range(1, 10):
        assert sum(unwraps[start : start + 3]) >= 1


def test_opening_and_sealing_use_up_one_key_together() -> None:
    process = Process(cache_uses=10)
    unwraps = []
    for _ in range(6):
        unwraps += [process.unwraps(lambda: process.open(4)), process.unwraps(lambda: process.seal(4))]
    assert sum(unwraps) >= 4, f"48 values under a key that is for 10, {sum(unwraps)} unwraps"


def test_a_batch_larger_than_the_uses_is_done_with_one_unwrap() -> None:
    process = Process(cache_uses=10)
    assert process.unwraps(lambda: process.open(1000)) == 1
    assert process.unwraps(lambda: process.open(1000)) == 1


def test_the_least_recently_used_data_keys_go_first() -> None:
    process = Process(cache_keys=4)
    tenants: dict[str, tuple[RecordCipher, Any]] = {}
    keyrings = process.keyrings()
    for tenant in "abcde":
        [sealed] = cipher(keyrings=process.keyrings(), tenant=tenant).seal_column("country", ["UK"])
        tenants[tenant] = (cipher(keyrings=keyrings, tenant=tenant), sealed)

    def opened(tenant: str) -> int:
        records, sealed = tenants[tenant]
        return process.unwraps(lambda: records.open_column("country", [sealed]))

    assert [opened(tenant) for tenant in "abcd"] == [1, 1, 1, 1]
    assert [opened(tenant) for tenant in "dcba"] == [0, 0, 0, 0]
    assert opened("e") == 1
    assert [opened(tenant) for tenant in "abc"] == [0, 0, 0]
    assert opened("d") == 1


def test_subjects_do_not_push_out_data_keys() -> None:
    process = Process(cache_keys=2, cache_subjects=3)
    people = cipher(PEOPLE, process.keyrings())
    given = [person(number) for number in range(50)]
    sealed = people.seal_many(given)
    assert process.unwraps(lambda: people.open_many(sealed)) == 0
    assert people.open_many(sealed) == given


def test_kek_down_warm_keys_work_until_their_time_is_over_then_nothing_does() -> None:
    process = Process(cache_seconds=100)
    process.open()
    process.kek.fail_with(KekUnavailable("sealed"))
    process.clock.advance(99)
    process.open()
    process.seal()
    process.clock.advance(1)
    for work in (process.open, process.seal):
        with pytest.raises(KekUnavailable):
            work()
    process.kek.fail_with(None)
    process.open()
    process.seal()


def test_key_store_down_warm_keys_work_until_their_time_is_over() -> None:
    process = Process(cache_seconds=100)
    process.open()
    process.seal()
    process.store.away = True
    process.clock.advance(99)
    process.open()
    process.seal()


@pytest.mark.parametrize(
    "limits",
    [
        {"cache_seconds": -1}, {"cache_seconds": float("nan")}, {"cache_seconds": float("inf")}, {"cache_uses": 0},
        {"cache_keys": 0}, {"cache_subjects": 0}, {"lease": 0}, {"lease": 5, "rotate_at": 4},
        {"rotate_at": 9, "refuse_at": 8, "lease": 1}, {"refuse_at": 2**32},
    ],
)  # fmt: skip
def test_policies_that_contradict_themselves_are_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        KeyringPolicy(**limits)


def test_the_default_policy_is_that_of_the_specification() -> None:
    policy = KeyringPolicy()
    assert (policy.lease, policy.rotate_at, policy.refuse_at) == (2**20, 2**31, 2**32 - 1)
