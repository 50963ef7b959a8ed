"""The rules of the `KeyStore` port about the states of index keys, as tests: every key store passes all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from plugins.keystore_kit import LOOKALIKES, MOMENT, in_threads, outcome, refused

from fieldvault.core.context import Scope
from fieldvault.errors import KeyStoreConflict, KeyStoreError
from fieldvault.ports import IndexPhase, IndexStateRecord, KeyStore

INDEX = Scope("acme", "index")
STATE = IndexStateRecord(INDEX, IndexPhase.STABLE, 1, None, MOMENT, 1)
DUAL = IndexStateRecord(INDEX, IndexPhase.DUAL_WRITE, 1, 2, MOMENT + timedelta(seconds=1), 2)


class IndexStateContract:
    def test_a_scope_has_no_state_until_one_is_put(self, store: KeyStore) -> None:
        assert store.index_state(INDEX) is None
        store.put_index_state(STATE, replaces=None)
        assert store.index_state(INDEX) == STATE
        assert store.index_state(Scope("acme", "fields")) is None
        assert store.index_state(Scope(None, "index")) is None

    def test_every_phase_comes_back_whole(self, store: KeyStore) -> None:
        store.put_index_state(STATE, replaces=None)
        for revision, phase in enumerate([one for one in IndexPhase if one is not IndexPhase.STABLE], start=2):
            record = replace(DUAL, phase=phase, revision=revision)
            store.put_index_state(record, replaces=revision - 1)
            assert store.index_state(INDEX) == record

    def test_the_time_of_another_zone_comes_back_in_utc(self, store: KeyStore) -> None:
        there = MOMENT.astimezone(timezone(timedelta(hours=-8)))
        store.put_index_state(replace(STATE, since=there), replaces=None)
        found = store.index_state(INDEX)
        assert found is not None
        assert found.since == MOMENT
        assert found.since.tzinfo is UTC

    def test_a_state_of_another_revision_is_not_replaced(self, store: KeyStore) -> None:
        with refused(KeyStoreConflict):
            store.put_index_state(DUAL, replaces=1)
        store.put_index_state(STATE, replaces=None)
        with refused(KeyStoreConflict):
            store.put_index_state(STATE, replaces=None)
        store.put_index_state(DUAL, replaces=1)
        with refused(KeyStoreConflict):
            store.put_index_state(DUAL, replaces=1)
        assert store.index_state(INDEX) == DUAL

    def test_tenants_that_look_alike_have_states_of_their_own(self, store: KeyStore) -> None:
        states = [replace(STATE, scope=Scope(name, "index"), version=n) for n, name in enumerate(LOOKALIKES, 1)]
        for state in states:
            store.put_index_state(state, replaces=None)
        assert [store.index_state(state.scope) for state in states] == states

    @pytest.mark.parametrize(
        ("record", "replaces"),
        [
            pytest.param(replace(STATE, revision=2), None, id="the-first-is-not-1"),
            pytest.param(replace(DUAL, revision=3), 1, id="a-revision-is-left-out"),
            pytest.param(replace(STATE, next_version=2), None, id="stable-with-a-next-version"),
            pytest.param(replace(DUAL, next_version=None), 1, id="dual-write-to-nothing"),
            pytest.param(replace(DUAL, next_version=1, version=2), 1, id="backwards"),
            pytest.param(replace(STATE, version=0), None, id="version-0"),
            pytest.param(replace(STATE, version=2**31), None, id="version-2^31"),
            pytest.param(replace(STATE, since=MOMENT.replace(tzinfo=None)), None, id="naive"),
        ],
    )
    def test_what_cannot_be_a_state_is_refused(
        self, store: KeyStore, record: IndexStateRecord, replaces: int | None
    ) -> None:
        if replaces is not None:
            store.put_index_state(STATE, replaces=None)
        with refused(KeyStoreError):
            store.put_index_state(record, replaces=replaces)
        assert store.index_state(INDEX) == (None if replaces is None else STATE)

    def test_one_of_many_changes_the_state(self, store: KeyStore) -> None:
        def put(_: int, record: IndexStateRecord, replaces: int | None) -> Any:
            return outcome(lambda: store.put_index_state(record, replaces=replaces))

        for record, replaces in ((STATE, None), (DUAL, 1)):
            results = in_threads(lambda n, record=record, replaces=replaces: put(n, record, replaces))
            assert results.count(None) == 1
            assert results.count(KeyStoreConflict) == 7
