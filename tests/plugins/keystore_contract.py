"""The rules of the `KeyStore` port, as tests: every key store passes all of them.

A test class derives from `KeyStoreContract` and gives the fixture `fresh`: a store whose tables do not exist yet.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from plugins.keystore_index_contract import STATE, IndexStateContract
from plugins.keystore_kit import (
    LOOKALIKES,
    MOMENT,
    PII,
    data_key,
    in_children,
    in_threads,
    outcome,
    refused,
    subject_key,
)
from plugins.keystore_rewrap_contract import RewrapContract
from plugins.keystore_subjects_contract import SubjectKeyContract

from fieldvault.core.context import Scope
from fieldvault.errors import (
    KeyStoreConflict,
    KeyStoreError,
    KeyStoreNotReady,
    KeyStoreUnavailable,
)
from fieldvault.ports import DataKeyRecord, KeyState, KeyStore


class KeyStoreContract(SubjectKeyContract, IndexStateContract, RewrapContract):
    @pytest.fixture
    def store(self, fresh: KeyStore) -> KeyStore:
        fresh.create()
        return fresh

    # --- Tables ---------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        "call",
        [
            lambda store: store.scopes(),
            lambda store: store.data_keys(PII),
            lambda store: store.add_primary(data_key(), replaces=None),
            lambda store: store.destroy_data_key(bytes(16)),
            lambda store: store.lease_uses(bytes(16), 1, limit=2),
            lambda store: store.index_state(PII),
            lambda store: store.put_index_state(STATE, replaces=None),
            lambda store: store.subject_keys(PII, ["bob"]),
            lambda store: store.subject_keys_by_id(PII, [bytes(16)]),
            lambda store: store.add_subject_keys([subject_key("bob")]),
            lambda store: store.shred_subjects(PII, ["bob"], at=MOMENT),
            lambda store: store.shredded([bytes(16)]),
        ],
    )
    def test_before_create_every_method_says_not_ready(self, fresh: KeyStore, call: Callable[..., Any]) -> None:
        with refused(KeyStoreNotReady):
            call(fresh)

    def test_create_again_changes_nothing(self, store: KeyStore) -> None:
        store.add_primary(data_key(), replaces=None)
        store.create()
        assert store.data_keys(PII) == [data_key()]

    def test_create_by_many_at_once(self, fresh: KeyStore) -> None:
        assert in_threads(lambda _: outcome(fresh.create)) == [None] * 8
        assert fresh.scopes() == []

    def test_an_empty_store_is_empty(self, store: KeyStore) -> None:
        assert store.scopes() == []
        assert store.data_keys(PII) == []
        assert store.subject_keys(PII, []) == store.subject_keys(PII, ["bob"]) == {}
        assert store.subject_keys_by_id(PII, []) == store.subject_keys_by_id(PII, [bytes(16)]) == {}
        assert store.shredded([]) == store.shredded([bytes(16)]) == {}
        assert store.shred_subjects(PII, [], at=MOMENT) == []
        store.add_subject_keys([])

    # --- The primary ----------------------------------------------------------------------------

    def test_a_key_comes_back_whole(self, store: KeyStore) -> None:
        record = data_key(uses=2**32, kek="vault-transit:transit/kunden-\u00e4")
        store.add_primary(record, replaces=None)
        (found,) = store.data_keys(PII)
        assert found == record
        assert type(found.wrapped) is bytes
        assert found.state is KeyState.ACTIVE
        assert found.created_at.utcoffset() == timedelta(0)
        assert found.created_at.microsecond == 42

    def test_time_of_another_zone_comes_back_in_utc(self, store: KeyStore) -> None:
        there = MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30)))
        store.add_primary(data_key(created_at=there), replaces=None)
        (found,) = store.data_keys(PII)
        assert found.created_at == MOMENT
        assert found.created_at.tzinfo is UTC

    def test_replacing_the_primary_keeps_the_others_by_version(self, store: KeyStore) -> None:
        store.add_primary(data_key(), replaces=None)
        for version in range(2, 12):
            replaced = data_key(version=version - 1).key_id
            store.add_primary(data_key(version=version), replaces=replaced)
        found = store.data_keys(PII)
        assert [record.version for record in found] == list(range(1, 12))
        assert [record.state for record in found] == [KeyState.DECRYPT_ONLY] * 10 + [KeyState.ACTIVE]
        assert all(record.wrapped == data_key(version=record.version).wrapped for record in found)

    @pytest.mark.parametrize(
        ("record", "replaces"),
        [
            pytest.param(data_key(version=3), None, id="there-is-a-primary"),
            pytest.param(data_key(version=3), data_key(version=1).key_id, id="replaces-one-that-is-not-primary"),
            pytest.param(data_key(version=3), data_key(version=9).key_id, id="replaces-an-unknown-key"),
            pytest.param(data_key(version=3), data_key(Scope("other", "pii")).key_id, id="another-tenants"),
            pytest.param(data_key(version=3), data_key(Scope("acme", "index")).key_id, id="another-purposes"),
            pytest.param(
                data_key(version=1, key_id=b"n" * 16), data_key(version=2).key_id, id="the-version-is-taken"
            ),
            pytest.param(
                data_key(version=3, key_id=data_key(Scope("other", "pii")).key_id),
                data_key(version=2).key_id,
                id="the-key-id-is-taken",
            ),
        ],
    )
    def test_a_conflict_changes_nothing(
        self, store: KeyStore, record: DataKeyRecord, replaces: bytes | None
    ) -> None:
        store.add_primary(data_key(), replaces=None)
        store.add_primary(data_key(version=2), replaces=data_key().key_id)
        others = [Scope("other", "pii"), Scope("acme", "index")]
        for other in others:
            store.add_primary(data_key(other), replaces=None)
        before = [store.data_keys(scope) for scope in [PII, *others]]
        with refused(KeyStoreConflict):
            store.add_primary(record, replaces=replaces)
        assert [store.data_keys(scope) for scope in [PII, *others]] == before

    def test_replacing_in_an_empty_scope_is_a_conflict(self, store: KeyStore) -> None:
        other = data_key(Scope("other", "pii"))
        store.add_primary(other, replaces=None)
        for replaces in [data_key(version=2).key_id, other.key_id]:
            with refused(KeyStoreConflict):
                store.add_primary(data_key(), replaces=replaces)
        assert store.data_keys(PII) == []
        assert store.data_keys(other.scope) == [other]

    def test_scopes_are_ordered_with_the_global_one_first(self, store: KeyStore) -> None:
        scopes = [Scope("zeta", "pii"), Scope("Zeta", "pii"), Scope("acme", "pii"), Scope(None, "pii"),
                  Scope("acme", "index"), Scope("\u00e9", "pii"), Scope(None, "index")]  # fmt: skip
        for scope in scopes:
            store.add_primary(data_key(scope), replaces=None)
        store.add_primary(data_key(version=2), replaces=data_key().key_id)
        assert store.scopes() == [
            Scope(None, "index"), Scope(None, "pii"), Scope("Zeta", "pii"), Scope("acme", "index"),
            Scope("acme", "pii"), Scope("zeta", "pii"), Scope("\u00e9", "pii"),
        ]  # fmt: skip

    def test_tenants_that_look_alike_are_different(self, store: KeyStore) -> None:
        names = [*LOOKALIKES, "x" * 255, "\u00e9" * 127, "x" * 254]
        for name in names:
            store.add_primary(data_key(Scope(name, "pii")), replaces=None)
        for name in names:
            assert store.data_keys(Scope(name, "pii")) == [data_key(Scope(name, "pii"))]
        assert len(store.scopes()) == len(names)

    @pytest.mark.parametrize(
        "record",
        [
            data_key(key_id=b"short"),
            data_key(state=KeyState.DECRYPT_ONLY),
            data_key(wrapped=None),
            data_key(wrapped=b""),
            data_key(wrapped=bytes(65_536)),
            data_key(version=0),
            data_key(version=2**31),
            data_key(uses=-1),
            data_key(kek=""),
            data_key(kek="x" * 256),
            data_key(kek="a\x00b"),
            data_key(kek="\ud800"),
            data_key(created_at=MOMENT.replace(tzinfo=None)),
        ],
    )
    def test_what_cannot_be_a_primary_is_refused(self, store: KeyStore, record: DataKeyRecord) -> None:
        with refused(KeyStoreError):
            store.add_primary(record, replaces=None)
        assert store.data_keys(PII) == []

    # --- Destroying -----------------------------------------------------------------------------

    def test_a_destroyed_key_is_listed_without_its_wrapped_key(self, store: KeyStore) -> None:
        store.add_primary(data_key(uses=7), replaces=None)
        store.add_primary(data_key(version=2), replaces=data_key().key_id)
        store.destroy_data_key(data_key().key_id)
        destroyed = data_key(uses=7, state=KeyState.DESTROYED, wrapped=None)
        assert store.data_keys(PII) == [destroyed, data_key(version=2)]
        store.destroy_data_key(data_key().key_id)
        assert store.data_keys(PII) == [destroyed, data_key(version=2)]
        assert store.scopes() == [PII]

    def test_destroying_an_unknown_key_is_a_conflict(self, store: KeyStore) -> None:
        with refused(KeyStoreConflict):
            store.destroy_data_key(bytes(16))

    def test_a_destroyed_primary_is_followed_by_another(self, store: KeyStore) -> None:
        store.add_primary(data_key(), replaces=None)
        store.destroy_data_key(data_key().key_id)
        with refused(KeyStoreConflict):
            store.add_primary(data_key(version=2), replaces=data_key().key_id)
        store.add_primary(data_key(version=2), replaces=None)
        assert [record.state for record in store.data_keys(PII)] == [KeyState.DESTROYED, KeyState.ACTIVE]

    # --- Leases ---------------------------------------------------------------------------------

    def test_leases_add_up_to_the_limit_and_not_further(self, store: KeyStore) -> None:
        key_id = data_key().key_id
        store.add_primary(data_key(uses=2**31), replaces=None)
        limit = 2**31 + 100
        assert store.lease_uses(key_id, 40, limit=limit) == 2**31 + 40
        assert store.lease_uses(key_id, 61, limit=limit) is None
        assert store.lease_uses(key_id, 60, limit=limit) == limit
        assert store.lease_uses(key_id, 1, limit=limit) is None
        assert store.lease_uses(key_id, 1, limit=0) is None
        assert store.data_keys(PII)[0].uses == limit

    def test_only_an_active_key_leases(self, store: KeyStore) -> None:
        store.add_primary(data_key(), replaces=None)
        store.add_primary(data_key(version=2), replaces=data_key().key_id)
        store.destroy_data_key(data_key(version=2).key_id)
        for key_id in [data_key().key_id, data_key(version=2).key_id, bytes(16)]:
            with refused(KeyStoreConflict):
                store.lease_uses(key_id, 1, limit=10)
        assert [record.uses for record in store.data_keys(PII)] == [0, 0]

    @pytest.mark.parametrize(("uses", "limit"), [(0, 10), (-1, 10), (1, -1), (2**63, 2**64), (1, 2**63)])
    def test_a_senseless_lease_is_refused(self, store: KeyStore, uses: int, limit: int) -> None:
        store.add_primary(data_key(), replaces=None)
        with refused(KeyStoreError):
            store.lease_uses(data_key().key_id, uses, limit=limit)

    # --- Many at once ---------------------------------------------------------------------------

    def test_one_of_many_adds_the_first_primary(self, store: KeyStore) -> None:
        def add(index: int) -> Any:
            return outcome(lambda: store.add_primary(data_key(key_id=bytes([index]) * 16), replaces=None))

        results = in_threads(add)
        assert sorted(map(str, results)) == sorted(map(str, [None] + [KeyStoreConflict] * 7))
        (primary,) = store.data_keys(PII)
        assert results[primary.key_id[0]] is None

    def test_one_of_many_replaces_the_primary(self, store: KeyStore) -> None:
        store.add_primary(data_key(key_id=b"0" * 16), replaces=None)
        for version in range(2, 7):
            (primary,) = [record for record in store.data_keys(PII) if record.state is KeyState.ACTIVE]

            def add(index: int, version: int = version, replaces: bytes = primary.key_id) -> Any:
                record = data_key(version=version, key_id=bytes([version, index]) * 8)
                return outcome(lambda: store.add_primary(record, replaces=replaces))

            results = in_threads(add)
            assert results.count(None) == 1
            assert results.count(KeyStoreConflict) == 7
            found = store.data_keys(PII)
            assert [record.version for record in found] == list(range(1, version + 1))
            assert [record.state for record in found].count(KeyState.ACTIVE) == 1

    def test_leases_of_many_threads_are_exact(self, store: KeyStore) -> None:
        store.add_primary(data_key(), replaces=None)

        def lease(_: int) -> list[int | None]:
            return [store.lease_uses(data_key().key_id, 3, limit=200) for _ in range(10)]

        totals = [total for part in in_threads(lease) for total in part]
        assert sorted(total for total in totals if total) == list(range(3, 200, 3))
        assert store.data_keys(PII)[0].uses == 198

    # --- Forks and secrets ----------------------------------------------------------------------

    def test_a_forked_child_goes_on(self, store: KeyStore) -> None:
        store.add_primary(data_key(), replaces=None)
        results = in_children(lambda index: store.lease_uses(data_key().key_id, 1, limit=100), 4)
        assert all(isinstance(result, int) for result in results)
        assert store.lease_uses(data_key().key_id, 1, limit=100) is not None

    def test_nothing_secret_in_repr(self, store: KeyStore) -> None:
        store.add_primary(data_key(), replaces=None)
        store.add_subject_keys([subject_key("bob")])
        for shown in [repr(store), repr(store.data_keys(PII)), repr(store.subject_keys_by_id(PII, []))]:
            assert str(data_key().wrapped) not in shown
            assert "bob" not in shown
        assert not issubclass(KeyStoreConflict, KeyStoreUnavailable)
