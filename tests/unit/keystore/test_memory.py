"""The in-memory key store: the port's contract, and what is its own."""

from __future__ import annotations

import gc
import weakref

import pytest
from plugins.audit_heads_contract import AuditHeadsContract
from plugins.keystore_contract import KeyStoreContract
from plugins.keystore_kit import PII, data_key, in_children

from fieldvault.keystore import MemoryKeyStore
from fieldvault.ports import KeyStore


class TestContract(KeyStoreContract, AuditHeadsContract):
    @pytest.fixture
    def fresh(self) -> KeyStore:
        return MemoryKeyStore(created=False)


def test_a_child_forked_while_the_lock_is_held_does_not_wait_for_it() -> None:
    store = MemoryKeyStore()
    store.add_primary(data_key(), replaces=None)
    with store._lock:  # another thread of the parent, as far as the child can tell
        results = in_children(lambda _: len(store.data_keys(PII)), 1)
    assert results == [1]


def test_a_childs_changes_stay_in_the_child() -> None:
    store = MemoryKeyStore()
    store.add_primary(data_key(), replaces=None)
    assert in_children(lambda _: store.lease_uses(data_key().key_id, 5, limit=10), 2) == [5, 5]
    assert store.data_keys(PII)[0].uses == 0


def test_a_dropped_store_is_not_kept_by_its_fork_hook() -> None:
    store = MemoryKeyStore()
    reference = weakref.ref(store)
    del store
    gc.collect()
    assert reference() is None
