"""Every state of the cache, the key store and the key: what happens, and exactly whom it asks.

The cells are written out, so that a call more is a failure here before it is an invoice from the KEK.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from plugins.customers import CUSTOMERS, PEOPLE, cipher, customer, person
from plugins.spied_store import SpiedStore

from fieldvault import BatchError, RecordCipher, Scope
from fieldvault.errors import FieldvaultError, KeyDestroyed, KeyNotFound, KeyStoreUnavailable
from fieldvault.keyring import KeyringPolicy
from fieldvault.testing import FakeClock, FakeKek, memory_keyrings

TTL = 300.0
NOBODY: dict[str, int] = {}
Expected = tuple[type[FieldvaultError] | None, int, int, dict[str, int]]
"""The error or none, calls of `unwrap`, calls of `wrap`, calls of the key store."""


class Bench:
    """One key store and KEK, an observer whose calls are counted, and somebody else who changes keys."""

    def __init__(self, schema: Any, record: dict[str, Any], purpose: str) -> None:
        self.kek, self.clock, self.store, self.purpose = FakeKek(), FakeClock(), SpiedStore(), purpose
        self.schema, self.record = schema, record
        self.sealed = self._process().seal(record)
        self.observer = self._process()

    def _process(self) -> RecordCipher:
        keyrings = memory_keyrings(
            kek=self.kek, store=self.store, clock=self.clock, policy=KeyringPolicy(cache_seconds=TTL)
        )
        return cipher(self.schema, keyrings)

    def warm_up(self) -> None:
        self.observer.seal(self.record)
        assert self.observer.open(self.sealed)["country"] == "UK"

    def bring_key_to(self, state: str) -> None:
        """Done by another process: the observer's cache does not hear of it."""
        scope = Scope("acme", self.purpose)
        [key] = self.store.behind.data_keys(scope)
        other = memory_keyrings(kek=self.kek, store=self.store.behind).keyring(scope)
        if state == "decrypt-only":
            other.rotate()
        elif state == "destroyed":
            other.destroy(key.key_id)
        elif state == "missing":
            del self.store.behind._data_keys[key.key_id]
        elif state == "shredded":
            memory_keyrings(store=self.store.behind).keyring(Scope("acme", "fields")).shred_subjects(["people:p1"])
        elif state == "subject missing":
            self.store.behind._subject_keys.clear()
            self.store.behind._place_of.clear()

    def outcome(self, work: Callable[[], object]) -> Expected:
        unwraps, wraps = self.kek.unwrap_calls, self.kek.wrap_calls
        self.store.calls.clear()
        error: type[FieldvaultError] | None = None
        try:
            work()
        except BatchError as failed:
            error = type(failed.failures[0])
        except FieldvaultError as failed:
            error = type(failed)
        return error, self.kek.unwrap_calls - unwraps, self.kek.wrap_calls - wraps, dict(self.store.calls)


def prepared(bench: Bench, cache: str, state: str, store: str) -> Bench:
    if cache != "cold":
        bench.warm_up()
    bench.bring_key_to(state)
    if cache == "expired":
        bench.clock.advance(TTL)
    bench.store.away = store == "away"
    return bench


STORES = pytest.mark.parametrize("store", ["there", "away"])
CACHES = pytest.mark.parametrize("cache", ["cold", "warm", "expired"])

LOOKED_FOR = {"data_keys": 1, "subject_keys_by_id": 1, "shredded": 1}

OPENING: dict[str, Expected] = {
    "active": (None, 1, 0, {"data_keys": 1}),
    "decrypt-only": (None, 1, 0, {"data_keys": 1}),
    "destroyed": (KeyDestroyed, 0, 0, {"data_keys": 1}),
    "missing": (KeyNotFound, 0, 0, LOOKED_FOR),
}


@CACHES
@STORES
@pytest.mark.parametrize("state", OPENING)
def test_opening_under_a_data_key(cache: str, store: str, state: str) -> None:
    bench = prepared(Bench(CUSTOMERS, customer(), "fields"), cache, state, store)
    expected = OPENING[state]
    if cache == "warm":
        expected = (None, 0, 0, NOBODY)
    elif store == "away":
        expected = (KeyStoreUnavailable, 0, 0, {"data_keys": 1})
    assert bench.outcome(lambda: bench.observer.open_column("country", [bench.sealed["country"]])) == expected


SEALING: dict[str, Expected] = {
    "active": (None, 1, 0, {"data_keys": 1, "lease_uses": 1}),
    "decrypt-only": (None, 1, 0, {"data_keys": 1, "lease_uses": 1}),
    "destroyed": (None, 0, 1, {"data_keys": 1, "add_primary": 1, "lease_uses": 1}),
    "missing": (None, 0, 1, {"data_keys": 1, "add_primary": 1, "lease_uses": 1}),
}


@CACHES
@STORES
@pytest.mark.parametrize("state", SEALING)
def test_sealing_under_a_data_key(cache: str, store: str, state: str) -> None:
    bench = prepared(Bench(CUSTOMERS, customer(), "fields"), cache, state, store)
    error, unwraps, wraps, calls = SEALING[state]
    if cache == "expired" and state == "active":
        calls = {"data_keys": 1}  # the key is fetched again, its lease is still good
    expected = (error, unwraps, wraps, calls)
    if cache == "warm":
        expected = (None, 0, 0, NOBODY)
    elif store == "away":
        expected = (KeyStoreUnavailable, 0, 0, {"data_keys": 1})
    assert bench.outcome(lambda: bench.observer.seal_column("country", ["UK"])) == expected


OPENING_A_PERSON: dict[str, Expected] = {
    "active": (None, 1, 0, LOOKED_FOR | {"data_keys": 2}),
    "decrypt-only": (None, 1, 0, LOOKED_FOR | {"data_keys": 2}),
    "destroyed": (KeyDestroyed, 0, 0, LOOKED_FOR | {"data_keys": 2}),
    "missing": (KeyNotFound, 0, 0, LOOKED_FOR | {"data_keys": 2}),
    "shredded": (KeyDestroyed, 0, 0, LOOKED_FOR),
    "subject missing": (KeyNotFound, 0, 0, LOOKED_FOR),
}
"""The first four are states of the data key that wraps the person's key."""


@CACHES
@STORES
@pytest.mark.parametrize("state", OPENING_A_PERSON)
def test_opening_under_a_subject_key(cache: str, store: str, state: str) -> None:
    bench = prepared(Bench(PEOPLE, person(), "subjects"), cache, state, store)
    expected = OPENING_A_PERSON[state]
    if cache == "warm":
        expected = (None, 0, 0, NOBODY)
    elif store == "away":
        expected = (KeyStoreUnavailable, 0, 0, {"data_keys": 1})
    open_one = bench.observer.open_column
    assert bench.outcome(lambda: open_one("country", [bench.sealed["country"]], subjects=["p1"])) == expected


STORED = {"subject_keys": 2, "shredded": 2, "add_subject_keys": 1}

SEALING_A_PERSON: dict[str, Expected] = {
    "active": (None, 1, 0, {"subject_keys": 1, "shredded": 1, "data_keys": 1}),
    "decrypt-only": (None, 1, 0, {"subject_keys": 1, "shredded": 1, "data_keys": 1}),
    "destroyed": (KeyDestroyed, 0, 0, {"subject_keys": 1, "shredded": 1, "data_keys": 1}),
    "missing": (KeyNotFound, 0, 0, {"subject_keys": 1, "shredded": 1, "data_keys": 1}),
    "shredded": (None, 1, 0, STORED | {"data_keys": 1, "lease_uses": 1}),
    "subject missing": (None, 1, 0, STORED | {"data_keys": 1, "lease_uses": 1}),
}


@CACHES
@STORES
@pytest.mark.parametrize("state", SEALING_A_PERSON)
def test_sealing_under_a_subject_key(cache: str, store: str, state: str) -> None:
    bench = prepared(Bench(PEOPLE, person(), "subjects"), cache, state, store)
    expected = SEALING_A_PERSON[state]
    if cache == "warm":
        expected = (None, 0, 0, NOBODY)
    elif store == "away":
        expected = (KeyStoreUnavailable, 0, 0, {"subject_keys": 1})
    outcome = bench.outcome(lambda: bench.observer.seal_column("country", ["UK"], subjects=["p1"]))
    assert outcome == expected


def test_a_new_person_under_a_warm_data_key_costs_no_call_to_the_kek() -> None:
    bench = Bench(PEOPLE, person(), "subjects")
    bench.warm_up()
    bench.observer.seal_column("country", ["UK"], subjects=["p2"])
    people = [f"p{number}" for number in range(3, 1003)]
    outcome = bench.outcome(lambda: bench.observer.seal_column("country", ["UK"] * 1000, subjects=people))
    assert outcome == (None, 0, 0, STORED)


def test_many_cold_keys_cost_one_call_to_the_kek() -> None:
    bench = Bench(CUSTOMERS, customer(), "fields")
    cells = []
    for _ in range(5):
        cells += bench.observer.seal_column("country", ["UK"])
        bench.observer.keyring.rotate()
    fresh = Bench._process(bench)
    assert bench.outcome(lambda: fresh.open_column("country", cells)) == (None, 1, 0, {"data_keys": 1})


def test_a_query_costs_one_call_to_the_kek_when_cold_and_none_when_warm() -> None:
    bench = Bench(CUSTOMERS, customer(), "index")
    bench.observer.index_keyring.add_index_key()
    fresh = Bench._process(bench)
    query = [lambda: fresh.index_values("email", "a@b.example")] * 2
    assert [bench.outcome(one)[:3] for one in query] == [(None, 1, 0), (None, 0, 0)]
