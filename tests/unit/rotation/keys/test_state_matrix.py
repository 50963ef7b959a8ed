"""What a process sees, and exactly whom it asks, when another one has rotated: cache by store by what was done.

And the other way round: what each operation does to a key in each state, with exactly which calls. The matrix of a
process alone is in tests/unit/keyring/test_state_matrix.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from plugins.customers import PEOPLE, customer, person
from plugins.keys_bench import SETTLED, TTL, KeysBench

from fieldvault import BatchError, RecordCipher
from fieldvault.errors import FieldvaultError, KeyDestroyed, KeyStoreUnavailable
from fieldvault.kek.several import SeveralKeks
from fieldvault.ports import KeyState
from fieldvault.testing import FakeKek

NOBODY: dict[str, int] = {}
Expected = tuple[type[FieldvaultError] | None, int, dict[str, int]]
"""The error or none, requests to unwrap to any KEK, calls of the key store."""

DATA_KEY = {"data_keys": 1}
PERSON = {"data_keys": 2, "subject_keys_by_id": 1, "shredded": 1}


class Nothing:
    name = "tables"

    def rows_under(self, _: object) -> dict[bytes, int]:
        return {}


class Observed:
    def __init__(self) -> None:
        self.bench = KeysBench(tenants=1, persons=1)
        self.new = FakeKek()
        self.reading = SeveralKeks(self.bench.kek, self.new)
        process = self.bench.keyrings(self.reading)
        self.customers = self.bench.cipher("t0", process)
        self.people = self.bench.cipher("t0", process, PEOPLE)
        self.bench.clock.advance(SETTLED)

    def change(self, what: str) -> None:
        """Done by another process."""
        operations = self.bench.operations(self.reading, audit=None)
        if what in ("rewrapped", "epoch"):
            self.bench.kek.rotate()
            operations.rewrap()
        if what == "epoch":
            operations.begin_epoch()
        if what == "moved":
            operations.move(self.new)
        if what in ("rotated", "retired"):
            operations.rotate("t0")
        if what == "retired":
            later = self.bench.operations(self.reading, audit=None, slowest_write=-TTL)  # as if all were settled
            later.retire(self.bench.data_keys()[0].key_id, [Nothing()])
            later.retire(self.bench.data_keys(purpose="subjects")[0].key_id)

    def open_customer(self) -> object:
        return self.customers.open_many(self.bench.sealed["t0"][0])

    def open_person(self) -> object:
        return self.people.open_many(self.bench.sealed["t0"][1])

    def outcome(self, work: Callable[[], object]) -> Expected:
        self.bench.store.calls.clear()
        before = self.bench.kek.calls["unwrap"] + self.new.unwrap_calls
        error: type[FieldvaultError] | None = None
        try:
            work()
        except BatchError as failed:
            error = type(failed.failures[0])
        except FieldvaultError as failed:
            error = type(failed)
        asked = self.bench.kek.calls["unwrap"] + self.new.unwrap_calls - before
        return error, asked, dict(self.bench.store.calls)


CHANGES: dict[str, tuple[Expected, Expected]] = {
    "rewrapped": ((None, 1, DATA_KEY), (None, 1, PERSON)),
    "epoch": ((None, 1, DATA_KEY), (None, 1, PERSON)),
    "moved": ((None, 1, DATA_KEY), (None, 1, PERSON)),
    "rotated": ((None, 1, DATA_KEY), (None, 1, PERSON)),
    "retired": ((KeyDestroyed, 0, DATA_KEY), (None, 1, PERSON)),
}
"""What a cold process meets when it opens what was sealed before: a customer, a person."""


@pytest.mark.parametrize("store", ["there", "away"])
@pytest.mark.parametrize("cache", ["cold", "warm", "expired"])
@pytest.mark.parametrize("change", CHANGES)
def test_opening_what_was_sealed_before(change: str, cache: str, store: str) -> None:
    for level in (0, 1):
        observed = Observed()
        work = (observed.open_customer, observed.open_person)[level]
        if cache != "cold":
            work()
        observed.change(change)
        if cache == "expired":
            observed.bench.clock.advance(TTL)
        observed.bench.store.away = store == "away"
        expected = CHANGES[change][level]
        if cache == "warm":
            expected = (None, 0, NOBODY)
        elif store == "away":
            expected = (KeyStoreUnavailable, 0, DATA_KEY)
        assert observed.outcome(work) == expected


@pytest.mark.parametrize("cache", ["cold", "warm", "expired"])
def test_sealing_after_a_rotation(cache: str) -> None:
    observed = Observed()
    bench = observed.bench
    if cache != "cold":
        observed.customers.seal_column("country", ["UK"])
    observed.change("rotated")
    if cache == "expired":
        bench.clock.advance(TTL)
    sealed: list[bytes] = []
    outcome = observed.outcome(lambda: sealed.extend(observed.customers.seal_column("country", ["UK"])))
    old, new = bench.data_keys()
    if cache == "warm":  # until the cache's time is over: why a key is retired no sooner
        assert outcome == (None, 0, NOBODY)
        assert sealed[0][1:17] == old.key_id
    else:
        assert outcome == (None, 1, {"data_keys": 1, "lease_uses": 1})
        assert sealed[0][1:17] == new.key_id


def in_state(bench: KeysBench, state: str) -> None:
    [record] = bench.data_keys()
    if state == "missing":
        del bench.store.behind._data_keys[record.key_id]
    elif state != "active":
        wrapped = None if state == "destroyed" else record.wrapped
        changed = replace(record, state=KeyState(state), wrapped=wrapped)
        bench.store.behind._data_keys[record.key_id] = changed


ROTATING = {"active": 1, "decrypt-only": 0, "destroyed": 0, "missing": 0}
REWRAPPED = {"active": 2, "decrypt-only": 2, "destroyed": 1, "missing": 1}
"""How many keys; the other one is the index key."""


@pytest.mark.parametrize("state", ROTATING)
def test_rotating_a_key_in_each_state(state: str) -> None:
    bench = KeysBench(tenants=1, persons=0)
    in_state(bench, state)
    bench.clock.advance(SETTLED)
    bench.store.calls.clear()
    bench.kek.calls.clear()
    result = bench.operations(audit=None).rotate("t0", purposes=["fields"])
    assert len(result.scopes) == ROTATING[state]
    expected = {"scopes": 1, "data_keys": 1, "take_lock": 1, "release_lock": 1}
    if state == "missing":
        del expected["data_keys"]  # the scope has no key at all
    if ROTATING[state]:
        expected["add_primary"] = 1
    assert bench.store.calls == expected
    assert bench.kek.calls == ({"wrap": 1} if ROTATING[state] else {})


@pytest.mark.parametrize("state", REWRAPPED)
def test_rewrapping_a_key_in_each_state(state: str) -> None:
    bench = KeysBench(tenants=1, persons=0)
    in_state(bench, state)
    bench.kek.rotate()
    bench.store.calls.clear()
    bench.kek.calls.clear()
    result = bench.operations(audit=None).rewrap()
    assert (result.done, result.already) == (REWRAPPED[state], 0)
    assert bench.kek.calls == {"versions": 1, "rewrap": 1, "unwrap": 1}
    # Read to count, to do, and to see that nothing was made meanwhile: two calls each, the last of them empty.
    assert bench.store.calls == {"data_keys_after": 6, "replace_wrapped": 1, "take_lock": 1, "release_lock": 1}


def test_a_row_of_before_and_one_of_after_are_opened_in_one_request() -> None:
    observed = Observed()
    before = observed.bench.sealed["t0"][0]
    observed.change("rotated")
    fresh = observed.bench.keyrings(observed.reading)
    writer: RecordCipher = observed.bench.cipher("t0", fresh)
    rows = [*before, writer.seal(customer(5))]
    reader = observed.bench.cipher("t0", observed.bench.keyrings(observed.reading))
    assert observed.outcome(lambda: reader.open_many(rows)) == (None, 1, DATA_KEY)
    assert person(0)
