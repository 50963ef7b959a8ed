"""Values that come one by one: uses are taken ahead, and given up whenever a key could have changed."""

from __future__ import annotations

import pytest
from plugins.customers import cipher
from plugins.spied_store import SpiedStore

from fieldvault import RecordCipher, Scope
from fieldvault.errors import KekUnavailable
from fieldvault.keyring import KeyringPolicy
from fieldvault.keyring.ahead import MOST_AHEAD, uses_ahead
from fieldvault.testing import FakeClock, FakeKek, memory_keyrings

FIELDS = Scope("acme", "fields")


class Process:
    """One that seals single values."""

    def __init__(self, kek: FakeKek | None = None, store: SpiedStore | None = None, **policy: int) -> None:
        self.kek, self.store, self.clock = kek or FakeKek(), store or SpiedStore(), FakeClock()
        limits = KeyringPolicy(**policy)
        keyrings = memory_keyrings(kek=self.kek, store=self.store, clock=self.clock, policy=limits)
        self.cipher: RecordCipher = cipher(keyrings=keyrings)
        self.keyring = self.cipher.keyring

    def seal(self) -> bytes:
        """The key id that one value is sealed under."""
        sealed: bytes = self.cipher.seal_value("country", "UK")
        return sealed[1:17]

    def uses(self) -> list[int]:
        return [record.uses for record in self.store.data_keys(FIELDS)]


@pytest.mark.parametrize(
    ("policy", "ahead"),
    [
        (KeyringPolicy(), MOST_AHEAD),
        (KeyringPolicy(lease=2048), 2),
        (KeyringPolicy(lease=1000), 1),
        (KeyringPolicy(cache_uses=5000), 4),
        (KeyringPolicy(lease=1, cache_uses=1), 1),
    ],
)
def test_little_is_taken_ahead_of_a_small_lease(policy: KeyringPolicy, ahead: int) -> None:
    assert uses_ahead(policy) == ahead


def test_every_value_is_counted() -> None:
    process = Process(lease=4096, rotate_at=10_000, refuse_at=20_000)
    process.keyring.primary(uses=0)  # what is taken ahead of the first value is lost where it makes the key
    for _ in range(4096):
        process.seal()
    assert process.uses() == [4096]
    process.seal()
    assert process.uses() == [8192]


def test_the_limit_holds_for_single_values() -> None:
    process = Process(lease=2048, rotate_at=4096, refuse_at=4096)
    keys = [process.seal() for _ in range(9000)]
    assert max(keys.count(key) for key in set(keys)) <= 4096


def test_a_rotated_key_seals_no_more() -> None:
    process = Process()
    old = process.seal()
    new = process.keyring.rotate().key_id
    assert [process.seal(), process.seal()] == [new, new] != [old, old]


def test_a_destroyed_key_seals_no_more() -> None:
    process = Process()
    old = process.seal()
    process.keyring.destroy(old)
    assert old not in {process.seal(), process.seal()}


def test_a_key_that_another_process_has_replaced_is_noticed_in_the_caches_time() -> None:
    process = Process(cache_seconds=100)
    old = process.seal()
    new = Process(process.kek, process.store).keyring.rotate().key_id
    process.clock.advance(99)
    assert process.seal() == old
    process.clock.advance(1)
    assert process.seal() == new


def test_without_the_kek_it_ends_with_the_caches_time() -> None:
    process = Process(cache_seconds=100)
    process.seal()
    process.kek.fail_with(KekUnavailable("sealed"))
    process.clock.advance(99)
    process.seal()
    process.clock.advance(1)
    with pytest.raises(KekUnavailable):
        process.seal()


def test_what_was_taken_ahead_is_not_a_forked_childs() -> None:
    process = Process()
    process.seal()
    process.keyring.after_fork_in_child()
    process.seal()
    assert process.uses() == [2 * KeyringPolicy().lease], "the child has leased its own"
