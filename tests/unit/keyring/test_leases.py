"""At most 2^32 - 1 envelopes a key, shown with small limits (spec keyring-v1 §8)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from plugins.customers import PEOPLE, cipher, person
from plugins.spied_store import SpiedStore

from fieldvault import RecordCipher, Scope
from fieldvault.errors import KekUnavailable, KeyExhausted, KeyStoreUnavailable
from fieldvault.keyring import KeyringPolicy
from fieldvault.ports import KeyState
from fieldvault.testing import FakeClock, FakeKek, memory_keyrings

FIELDS = Scope("acme", "fields")


class Process:
    """A process that seals under small limits; `again` is another one over the same key store."""

    def __init__(self, kek: FakeKek | None = None, store: SpiedStore | None = None, **policy: Any) -> None:
        self.kek, self.store, self.clock = kek or FakeKek(), store or SpiedStore(), FakeClock()
        self.policy = policy
        keyrings = memory_keyrings(kek=self.kek, store=self.store, clock=self.clock, policy=KeyringPolicy(**policy))
        self.cipher: RecordCipher = cipher(keyrings=keyrings)
        self.people: RecordCipher = cipher(PEOPLE, keyrings)

    def again(self) -> Process:
        return Process(self.kek, self.store, **self.policy)

    def seal(self, count: int) -> list[bytes]:
        return [sealed[1:17] for sealed in self.cipher.seal_column("country", ["UK"] * count)]

    def uses(self) -> list[int]:
        return [record.uses for record in self.store.data_keys(FIELDS)]

    def states(self) -> list[KeyState]:
        return [record.state for record in self.store.data_keys(FIELDS)]


def test_leases_are_blocks_and_counted_exactly() -> None:
    process = Process(lease=100, rotate_at=10_000, refuse_at=20_000)
    process.seal(1)
    process.seal(99)
    assert (process.uses(), process.store.calls["lease_uses"]) == ([100], 1)
    process.seal(1)
    assert (process.uses(), process.store.calls["lease_uses"]) == ([200], 2)
    process.seal(250)  # 99 are left, so 151 more are needed: more than a block
    assert (process.uses(), process.store.calls["lease_uses"]) == ([351], 3)
    process.seal(1)
    assert process.uses() == [451]


def test_what_a_process_did_not_use_is_lost_and_never_reused() -> None:
    process = Process(lease=100, rotate_at=10_000, refuse_at=20_000)
    process.seal(1)
    process.again().seal(1)
    process.again().seal(1)
    assert process.uses() == [300]


def test_opening_and_indexing_cost_no_uses() -> None:
    process = Process(lease=1, rotate_at=10, refuse_at=10)
    sealed = process.cipher.seal_column("country", ["UK"])
    for _ in range(20):
        process.cipher.open_column("country", sealed)
        process.cipher.index_column("email", ["a@b.example"])
        process.cipher.index_values("email", "a@b.example")
    assert process.uses() == [1]
    assert [key.uses for key in process.store.data_keys(Scope("acme", "index"))] == [0]


def test_the_soft_limit_makes_a_new_primary_on_the_way() -> None:
    process = Process(lease=10, rotate_at=30, refuse_at=100)
    keys = [process.seal(10)[0] for _ in range(6)]
    assert len(set(keys)) == 2
    assert keys == sorted(keys, key=keys.index)
    assert Counter(keys).most_common() == [(keys[0], 3), (keys[-1], 3)]
    # Each key is worn once its third block was leased; the block itself is still used.
    assert process.states() == [KeyState.DECRYPT_ONLY, KeyState.DECRYPT_ONLY, KeyState.ACTIVE]
    assert process.uses() == [30, 30, 0]


def test_the_hard_limit_is_never_exceeded() -> None:
    process = Process(lease=1, rotate_at=7, refuse_at=7)
    used = Counter(key for count in (3, 3, 3, 7, 1, 6, 2, 7, 7) for key in process.seal(count))
    assert max(used.values()) <= 7
    assert max(process.uses()) <= 7
    assert sum(used.values()) == 39


def test_the_last_uses_are_leased_even_where_a_block_does_not_fit() -> None:
    process = Process(lease=100, rotate_at=140, refuse_at=150)
    key = process.seal(100)[0]
    assert process.seal(50) == [key] * 50
    assert process.uses()[0] == 150


def test_a_batch_larger_than_a_keys_life_is_refused() -> None:
    process = Process(lease=1, rotate_at=10, refuse_at=10)
    with pytest.raises(KeyExhausted):
        process.seal(11)
    with pytest.raises(KeyExhausted):
        process.people.seal_column("country", ["UK"] * 11, subjects=[f"p{number}" for number in range(11)])
    assert (process.kek.wrap_calls, process.uses()) == (0, [])
    assert len(process.seal(10)) == 10


def test_a_wrapped_subject_key_costs_one_use_and_its_fields_none() -> None:
    process = Process(lease=1, rotate_at=1000, refuse_at=1000)
    process.people.seal_many([person(number) for number in range(7)])
    process.people.seal_many([person(number) for number in range(7)])
    [wrapping] = process.store.data_keys(Scope("acme", "subjects"))
    assert wrapping.uses == 7
    assert process.store.data_keys(FIELDS) == []


def test_a_worn_key_and_a_kek_that_is_down_keep_sealing_and_then_recover(caplog: pytest.LogCaptureFixture) -> None:
    process = Process(lease=10, rotate_at=20, refuse_at=1000, cache_seconds=300)
    process.kek.fail_with(None)
    process.cipher.keyring.primary(uses=0)
    process.kek.fail_with(KekUnavailable("sealed"))
    wraps = process.kek.wrap_calls
    old = process.seal(10)[0]
    assert [process.seal(10)[0] for _ in range(5)] == [old] * 5
    assert process.kek.wrap_calls == wraps + 1, "an outage must not cost every batch its retries"
    assert "worn" in caplog.text
    process.kek.fail_with(None)
    process.clock.advance(299)
    assert process.seal(10)[0] == old
    process.clock.advance(1)
    process.seal(10)
    assert process.seal(10)[0] != old
    assert process.states() == [KeyState.DECRYPT_ONLY, KeyState.ACTIVE]


def test_an_exhausted_key_and_a_kek_that_is_down_fail_closed() -> None:
    process = Process(lease=10, rotate_at=10, refuse_at=10)
    process.cipher.keyring.primary(uses=0)
    process.kek.fail_with(KekUnavailable("sealed"))
    process.seal(10)
    with pytest.raises(KekUnavailable):
        process.seal(1)
    process.kek.fail_with(None)
    process.seal(1)
    assert max(process.uses()) == 10


def test_without_the_key_store_a_process_seals_what_it_has_leased_and_no_more() -> None:
    process = Process(lease=10, rotate_at=1000, refuse_at=1000)
    process.seal(4)
    process.store.away = True
    process.seal(6)
    with pytest.raises(KeyStoreUnavailable):
        process.seal(1)
    process.store.away = False
    process.seal(1)
    assert process.uses() == [20]


def test_a_key_that_was_rotated_elsewhere_is_left_when_its_lease_is_spent() -> None:
    process = Process(lease=10, rotate_at=1000, refuse_at=1000)
    old = process.seal(4)[0]
    new = process.again().cipher.keyring.rotate().key_id
    assert set(process.seal(6)) == {old}
    assert set(process.seal(1)) == {new}
    assert process.uses() == [10, 10]
