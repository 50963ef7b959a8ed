"""Keys retired when nothing needs them, and shredded; and the KEK's epoch."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest
from plugins.customers import PEOPLE, customer, person
from plugins.keys_bench import SETTLED, SLOWEST, KeysBench
from plugins.keystore_kit import outcome

from fieldvault.core.context import Scope
from fieldvault.errors import (
    AuditError,
    EpochRefused,
    IndexStepRefused,
    KekUnavailable,
    KeyDestroyed,
    KeyInUse,
    KeyNotFound,
    KeyNotSettled,
    RotationError,
)
from fieldvault.keyring import DataKey
from fieldvault.ports import AuditEvent, KekVersions, KeyState


class Rows:
    """A counter that says what it is told."""

    name = "customers"

    def __init__(self, rows: int = 0) -> None:
        self.rows = rows

    def rows_under(self, key_ids: Collection[bytes]) -> dict[bytes, int]:
        return dict.fromkeys(key_ids, self.rows)


class Unrecordable:
    def record(self, event: AuditEvent) -> None:
        raise AuditError("full")


@pytest.fixture
def bench() -> KeysBench:
    """Rotated, and every process knows it."""
    bench = KeysBench()
    bench.clock.advance(SETTLED)
    bench.operations(audit=None).rotate(every_tenant=True)
    bench.clock.advance(SETTLED)
    return bench


# --- Retiring -----------------------------------------------------------------------------------


def test_a_key_that_nothing_needs_is_destroyed_and_recorded(bench: KeysBench) -> None:
    old = bench.data_keys()[0]
    done = bench.operations().retire(old.key_id, [Rows()])
    assert (done.tenant, done.purposes, done.key_ids, done.actor) == ("t0", ("fields",), (old.key_id,), "op")
    assert bench.states() == [KeyState.DESTROYED, KeyState.ACTIVE]
    assert bench.events() == ["retire-key"]
    assert bench.operations().retire(old.key_id, [Rows(9)]).key_ids == (old.key_id,)
    assert bench.events() == ["retire-key"]
    assert bench.metrics.counts["fieldvault.keys.retired"] == 1


@pytest.mark.parametrize("counters", [[Rows(1)], [Rows(), Rows(3)], []])
def test_a_key_that_rows_need_is_not(bench: KeysBench, counters: list[Rows]) -> None:
    with pytest.raises(KeyInUse) as refused:
        bench.operations().retire(bench.data_keys()[0].key_id, counters)
    assert refused.value.rows == sum(one.rows for one in counters)
    assert bench.states() == [KeyState.DECRYPT_ONLY, KeyState.ACTIVE]
    assert bench.everything_opens()


def test_a_wrapping_key_goes_when_it_wraps_nobody_any_more(bench: KeysBench) -> None:
    old = bench.data_keys(purpose="subjects")[0]
    late = bench.cipher("t0", schema=PEOPLE).seal(person(9))
    assert bench.operations().retire(old.key_id).key_ids == (old.key_id,)
    assert bench.everything_opens() is True
    assert bench.cipher("t0", schema=PEOPLE).open(late) == person(9)


def test_a_wrapping_key_that_somebody_needs_stays() -> None:
    bench = KeysBench()
    bench.clock.advance(SETTLED)
    late = bench.cipher("t0", schema=PEOPLE)
    late.seal(person(50))
    bench.operations().rotate("t0")
    late.seal(person(51))  # under the old key, which it holds
    bench.clock.advance(SETTLED)
    old = bench.data_keys(purpose="subjects")[0]
    with pytest.raises(KeyInUse, match="1 subject keys"):
        bench.operations().retire(old.key_id)
    bench.operations().resume_rotation("t0")
    bench.operations().retire(old.key_id)
    assert bench.everything_opens()


def test_the_primary_and_a_key_that_was_it_a_moment_ago_stay(bench: KeysBench) -> None:
    primary = bench.data_keys()[1]
    with pytest.raises(KeyInUse, match="is the primary"):
        bench.operations().retire(primary.key_id, [Rows()])
    bench.operations().rotate("t0")
    for waited, left in ((0, SETTLED), (SETTLED - 1, 1)):
        bench.clock.advance(waited)
        with pytest.raises(KeyNotSettled) as early:
            bench.operations().retire(primary.key_id, [Rows()])
        assert early.value.seconds_left == pytest.approx(left)
    bench.clock.advance(1)
    bench.operations().retire(primary.key_id, [Rows()])


def test_a_key_whose_envelopes_nobody_can_count_stays(bench: KeysBench) -> None:
    keyring = bench.keyrings().keyring(Scope("t0", "passwords"))
    old = keyring.primary(uses=1)
    keyring.rotate()
    bench.clock.advance(SETTLED)
    with pytest.raises(RotationError, match="no table that could be counted"):
        bench.operations().retire(old.key_id, [Rows()])
    assert isinstance(keyring.keys([old.key_id])[old.key_id], DataKey)


def test_index_keys_and_unknown_keys_are_refused(bench: KeysBench) -> None:
    with pytest.raises(IndexStepRefused):
        bench.operations().retire(bench.data_keys(purpose="index")[0].key_id, [Rows()])
    with pytest.raises(KeyNotFound):
        bench.operations().retire(bytes(16), [Rows()])


def test_a_dry_run_and_an_audit_log_that_is_full_destroy_nothing(bench: KeysBench) -> None:
    old = bench.data_keys()[0].key_id
    assert bench.operations().retire(old, [Rows()], dry_run=True).key_ids == (old,)
    for call in (
        lambda: bench.operations(audit=Unrecordable()).retire(old, [Rows()]),
        lambda: bench.operations(audit=Unrecordable()).shred_tenant("t0"),
        lambda: bench.operations(audit=Unrecordable()).shred_subjects("t0", ["people:p0"]),
        lambda: bench.operations(audit=Unrecordable()).begin_epoch(rotate_kek=True),
    ):
        assert outcome(call) is AuditError
    assert bench.everything_opens()


# --- Shredding ----------------------------------------------------------------------------------


def test_a_tenant_is_shredded_in_all_its_purposes_and_nobody_else(bench: KeysBench) -> None:
    done = bench.operations().shred_tenant("t0", reason="contract ended")
    assert (done.purposes, len(done.key_ids), done.reason) == (("fields", "index", "subjects"), 5, "contract ended")
    process = bench.keyrings()
    customers, people = bench.sealed["t0"]
    for call in (
        lambda: bench.cipher("t0", process).open(customers[0]),
        lambda: bench.cipher("t0", process, PEOPLE).open(people[0]),
    ):
        assert outcome(call) is KeyDestroyed
    assert bench.cipher("t1", process).open(bench.sealed["t1"][0][0]) == customer()
    assert bench.events() == ["shred-tenant", "tenant-shredded"]
    assert bench.audit.events[0].reason == "contract ended"
    assert bench.operations().shred_tenant("t0").key_ids == ()


def test_a_person_is_shredded_during_a_rotation(bench: KeysBench) -> None:
    with_lock = bench.operations()
    bench.store.take_lock("keys", "a long run", at=bench.clock.now(), until=bench.clock.now().replace(year=2030))
    done = with_lock.shred_subjects("t0", ["people:p1", "people:nobody"], reason="art. 17")
    assert len(done.key_ids) == 1
    people = bench.cipher("t0", schema=PEOPLE).open_many_partially(bench.sealed["t0"][1])
    assert [type(one) for one in people.failures.values()] == [KeyDestroyed]
    assert bench.events() == ["shred-subjects"]
    assert "p1" not in repr(bench.audit.events)
    assert with_lock.shred_subjects("t0", ["people:p1"]).key_ids == ()


# --- The epoch ----------------------------------------------------------------------------------


def test_an_epoch_rewraps_closes_and_trims_in_this_order(bench: KeysBench) -> None:
    result = bench.operations().begin_epoch(rotate_kek=True)
    assert (result.newest, result.closed, result.rewrapped.done) == (2, 1, 10)
    assert len(result.old_wrapping_keys) == 2
    assert bench.kek.versions().oldest_kept == 2
    assert bench.events() == ["rotate-kek", "rewrap-keys", "begin-epoch", "epoch-begun"]
    assert bench.everything_opens()
    assert bench.operations().begin_epoch().closed == 0


def test_a_dry_run_of_an_epoch_says_what_would_be(bench: KeysBench) -> None:
    result = bench.operations().begin_epoch(rotate_kek=True, dry_run=True)
    assert (result.newest, result.closed, result.rewrapped.done) == (2, 1, 10)
    assert bench.kek.versions().newest == 1


def test_a_damaged_key_stops_the_epoch_before_anything_is_closed(bench: KeysBench) -> None:
    record = bench.data_keys()[0]
    bench.store.behind._data_keys[record.key_id] = replace(record, wrapped=b"torn")
    with pytest.raises(EpochRefused) as refused:
        bench.operations().begin_epoch(rotate_kek=True)
    assert refused.value.keys == 1
    assert (bench.kek.versions().oldest_opened, bench.kek.versions().oldest_kept) == (1, 1)
    assert bench.events() == ["rotate-kek", "rewrap-keys"]


def test_a_version_that_was_just_made_is_waited_for(bench: KeysBench, monkeypatch: pytest.MonkeyPatch) -> None:
    made = bench.clock.now()
    monkeypatch.setattr(bench.kek, "versions", lambda: KekVersions(max(bench.kek._keys), 1, 1, made))
    with pytest.raises(KeyNotSettled) as early:
        bench.operations().begin_epoch(rotate_kek=True)
    assert early.value.seconds_left == pytest.approx(SLOWEST)
    assert bench.kek._opened == 1
    bench.clock.advance(SLOWEST)
    assert bench.operations().begin_epoch().closed == 1


def test_a_key_that_is_stored_in_the_last_moment_opens_the_versions_again(bench: KeysBench) -> None:
    stale = bench.data_keys()[0]

    def somebody() -> None:  # had its key wrapped before, and stores it now
        bench.store.behind._data_keys[stale.key_id] = stale

    bench.kek.before["open_from"] = somebody
    with pytest.raises(EpochRefused):
        bench.operations().begin_epoch(rotate_kek=True)
    assert (bench.kek.versions().oldest_opened, bench.kek.versions().oldest_kept) == (1, 1)
    assert bench.everything_opens()
    assert bench.operations().begin_epoch().closed == 1
    assert bench.everything_opens()


@pytest.mark.parametrize("operation", ["open_from", "trim_below"])
def test_an_outage_while_an_epoch_begins_loses_nothing(bench: KeysBench, operation: str) -> None:
    bench.kek.failures[operation] = KekUnavailable("stepping down")
    with pytest.raises(KekUnavailable):
        bench.operations().begin_epoch(rotate_kek=True)
    assert bench.everything_opens()
    bench.kek.failures.clear()
    assert bench.operations().begin_epoch().closed == 1
    assert bench.everything_opens()
