"""New primaries, and subject keys under them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from plugins.customers import PEOPLE, customer, person
from plugins.keys_bench import SETTLED, KeysBench
from plugins.keystore_kit import in_threads, outcome

from fieldvault import Scope
from fieldvault.errors import (
    AuditError,
    IndexStepRefused,
    KekUnavailable,
    KeyExhausted,
    KeyStoreConflict,
    RotationError,
    RotationLockLost,
    RotationUnderWay,
)
from fieldvault.keyring import KeyringPolicy, Keyrings
from fieldvault.ports import AuditEvent, KeyState
from fieldvault.rotation.keys import KeyOperations, RotateOutcome

TURNED = [KeyState.DECRYPT_ONLY, KeyState.ACTIVE]


@pytest.fixture
def bench() -> KeysBench:
    bench = KeysBench()
    bench.clock.advance(SETTLED)
    bench.store.calls.clear()
    bench.kek.calls.clear()
    return bench


def test_a_tenants_fields_and_subjects_get_new_primaries_and_the_others_keep_theirs(bench: KeysBench) -> None:
    result = bench.operations().rotate("t0")
    assert [(one.scope.purpose, one.outcome, one.version) for one in result.scopes] == [
        ("fields", RotateOutcome.ROTATED, 2),
        ("subjects", RotateOutcome.ROTATED, 2),
    ]
    assert bench.states() == bench.states(purpose="subjects") == TURNED
    assert bench.states(purpose="index") == bench.states("t1") == [KeyState.ACTIVE]
    assert result.subjects.done == 3
    assert bench.everything_opens()
    new = bench.cipher("t0").seal(customer(7))
    assert new["iban"][1:17] == bench.data_keys()[1].key_id
    assert result.scopes[0].key_id == bench.data_keys()[1].key_id
    assert result.scopes[0].replaced == bench.data_keys()[0].key_id


def test_no_old_key_is_needed_for_any_person_afterwards(bench: KeysBench) -> None:
    bench.operations().rotate("t0", purposes=["subjects"])
    old, new = bench.data_keys(purpose="subjects")
    assert bench.store.count_subject_keys_under([old.key_id, new.key_id]) == {new.key_id: 3}
    bench.store.behind.destroy_data_key(old.key_id)
    assert bench.everything_opens()


def test_wrapped_subject_keys_count_as_uses_of_the_key_that_wraps_them(bench: KeysBench) -> None:
    bench.operations().rotate("t0")
    assert bench.data_keys(purpose="subjects")[1].uses == 3


def test_all_tenants_cost_one_request_for_160_keys_and_none_a_person() -> None:
    bench = KeysBench(tenants=100, persons=2)
    bench.clock.advance(SETTLED)
    bench.kek.calls.clear()
    result = bench.operations().rotate(every_tenant=True)
    assert len(result.scopes) == 200
    assert result.subjects.done == 200
    assert bench.kek.calls == {"wrap": 2, "unwrap": 2}  # 200 new keys; 100 old and 100 new wrapping keys
    assert bench.metrics.counts["fieldvault.kek.calls"] == 4
    assert bench.metrics.counts["fieldvault.keys.rotated{subjects}"] == 100
    assert bench.metrics.counts["fieldvault.subject_keys.rewrapped"] == 200
    assert bench.everything_opens()


def test_a_young_primary_is_left_so_a_repeated_command_makes_no_other(bench: KeysBench) -> None:
    bench.operations().rotate("t0")
    again = bench.operations().rotate("t0")
    assert {one.outcome for one in again.scopes} == {RotateOutcome.TOO_YOUNG}
    assert bench.states() == TURNED
    bench.clock.advance(SETTLED)
    bench.operations().rotate("t0")
    assert bench.states() == [KeyState.DECRYPT_ONLY, *TURNED]
    bench.operations().rotate("t0", min_age=0)
    assert len(bench.states()) == 4
    assert bench.everything_opens()


def test_a_dry_run_changes_nothing_and_says_what_would_be(bench: KeysBench) -> None:
    before = bench.all_keys()
    result = bench.operations().rotate("t0", dry_run=True)
    assert {one.outcome for one in result.scopes} == {RotateOutcome.ROTATED}
    assert bench.all_keys() == before
    assert bench.audit.events == []
    assert not set(bench.store.calls) & {"add_primary", "take_lock", "replace_wrapped_subject_keys"}


@pytest.mark.parametrize(
    ("purpose", "error"),
    [("index", IndexStepRefused), ("domain-research", RotationError), ("audit", RotationError)],
)
def test_what_is_rotated_in_another_way_is_refused(
    bench: KeysBench, purpose: str, error: type[RotationError]
) -> None:
    with pytest.raises(error) as refused:
        bench.operations().rotate("t0", purposes=["fields", purpose])
    assert purpose == "audit" or refused.value.hint
    assert bench.states() == [KeyState.ACTIVE]


def test_of_eight_at_once_one_makes_a_key(bench: KeysBench) -> None:
    ended = in_threads(lambda _: outcome(lambda: bench.operations().rotate("t0")))
    assert bench.states() == bench.states(purpose="subjects") == TURNED
    assert all(one is RotationUnderWay or not isinstance(one, type) for one in ended)


def test_somebody_else_who_rotates_at_the_same_moment_wins(bench: KeysBench) -> None:
    def somebody() -> None:
        bench.store.after.clear()
        bench.keyrings().keyring(Scope("t0", "fields")).rotate()

    bench.kek.before["wrap"] = somebody
    result = bench.operations().rotate("t0", purposes=["fields"])
    assert [one.outcome for one in result.scopes] == [RotateOutcome.CHANGED_MEANWHILE]
    assert bench.states() == TURNED


def test_what_a_killed_run_left_is_found_and_finished(bench: KeysBench) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    dying = KeyOperations(bench.keyrings(), slowest_write=60, on_progress=die)
    with pytest.raises(Killed):
        dying.rotate("t0", purposes=["subjects"], batch=1)
    bench.store.behind._locks.clear()
    assert bench.states(purpose="subjects") == TURNED
    assert bench.operations().resume_rotation("t0", dry_run=True).done == 3
    assert bench.operations().resume_rotation("t0", batch=1).done == 3
    assert bench.operations().resume_rotation("t0").done == 0
    assert bench.states(purpose="subjects") == TURNED
    assert bench.everything_opens()


def test_a_process_that_does_not_know_the_new_key_yet_leaves_something_to_resume(bench: KeysBench) -> None:
    late = bench.cipher("t0", schema=PEOPLE)
    late.seal(person(50))
    bench.operations().rotate("t0")
    row = late.seal(person(51))
    assert bench.operations().resume_rotation("t0").done == 1
    assert bench.cipher("t0", schema=PEOPLE).open(row) == person(51)


def test_damaged_and_shredded_persons_are_left_as_they_are(bench: KeysBench) -> None:
    scope, rows = Scope("t0", "fields"), bench.store.behind._subject_keys
    damaged, erased = rows[scope]["people:p0"], rows[scope]["people:p1"]
    rows[scope]["people:p0"] = replace(damaged, wrapped=damaged.wrapped[:-1] + bytes([damaged.wrapped[-1] ^ 1]))
    bench.store.behind._shredded[erased.key_id] = bench.clock.now()  # its row is back, from a backup
    result = bench.operations().rotate("t0")
    assert list(result.subjects.refused) == [damaged.key_id]
    assert result.subjects.done == 1
    assert rows[scope]["people:p1"] == erased
    assert bench.metrics.counts["fieldvault.keys.refused"] == 1


def test_a_person_moved_to_another_tenants_rows_is_refused(bench: KeysBench) -> None:
    rows = bench.store.behind._subject_keys
    stolen = rows[Scope("t0", "fields")]["people:p0"]
    rows[Scope("t1", "fields")]["people:p0"] = replace(stolen, scope=Scope("t1", "fields"))
    result = bench.operations().rotate(every_tenant=True)
    assert stolen.key_id in result.subjects.refused


def test_no_more_uses_than_the_limit_allows(bench: KeysBench) -> None:
    policy = KeyringPolicy(cache_seconds=300, lease=1, rotate_at=1, refuse_at=2)
    keyrings = Keyrings(bench.kek, bench.store, policy=policy, clock=bench.clock)
    with pytest.raises(KeyExhausted):
        KeyOperations(keyrings).rotate("t0")
    assert bench.everything_opens()


def test_an_outage_of_the_kek_leaves_all_as_it_was(bench: KeysBench) -> None:
    before = bench.all_keys()
    bench.kek.failures["wrap"] = KekUnavailable("sealed")
    with pytest.raises(KekUnavailable):
        bench.operations().rotate("t0")
    assert bench.all_keys() == before
    del bench.kek.failures["wrap"]
    bench.kek.failures["unwrap"] = KekUnavailable("sealed")
    with pytest.raises(KekUnavailable):
        bench.operations().rotate("t0")
    bench.kek.failures.clear()
    assert bench.operations().resume_rotation("t0").done == 3
    assert bench.everything_opens()


def test_every_key_is_in_the_audit_log_before_it_is_made(bench: KeysBench) -> None:
    bench.operations().rotate("t0")
    assert bench.events() == ["rotate-key", "rotate-key", "rewrap-subject-keys"]
    first = bench.audit.events[0]
    assert (first.tenant, first.actor) == ("t0", "op")
    assert first.details == {
        "purpose": "fields",
        "version": 2,
        "key_id": bench.data_keys()[1].key_id.hex(),
        "replaces": bench.data_keys()[0].key_id.hex(),
    }

    class Full:
        def record(self, event: AuditEvent) -> None:
            raise AuditError("full")

    with pytest.raises(AuditError):
        bench.operations(audit=Full()).rotate("t1")
    assert bench.states("t1") == [KeyState.ACTIVE]


def test_a_lock_that_was_taken_over_ends_the_run(bench: KeysBench) -> None:
    def slow(progress: object) -> None:
        bench.clock.advance(100)
        now = bench.clock.now()
        bench.store.take_lock("keys", "another run", at=now, until=now + timedelta(hours=1))

    with pytest.raises(RotationLockLost):
        bench.operations(on_progress=slow).rotate("t0", batch=1)
    assert bench.everything_opens()
    with pytest.raises(RotationUnderWay, match="another run"):
        bench.operations().resume_rotation("t0")
    bench.clock.advance(3600)
    assert bench.operations().resume_rotation("t0").done > 0


def test_the_store_refusing_is_not_taken_for_a_lost_race(bench: KeysBench) -> None:
    bench.store.behind.add_primary = lambda *_, **__: (_ for _ in ()).throw(KeyStoreConflict("taken"))
    result = bench.operations().rotate("t0", purposes=["fields"])
    assert [one.outcome for one in result.scopes] == [RotateOutcome.CHANGED_MEANWHILE]
