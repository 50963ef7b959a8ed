"""The phases of an index rotation, on SQLite, by a clock that is moved by hand."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from plugins.indexed_people import PEOPLE, add, change, find, people, person
from plugins.spied_store import SpiedStore
from sqlalchemy import create_engine, select, update
from sqlalchemy.engine import Engine

from fieldvault import Keyrings, RecordCipher
from fieldvault.errors import IndexRowsLeft, IndexStepRefused, IndexStepTooEarly, ScopeError, TableError
from fieldvault.keyring import KeyringPolicy
from fieldvault.ports import IndexPhase, KeyState
from fieldvault.rotation import Backfill, BackfillProgress, IndexedTable, IndexRotation
from fieldvault.rotation.table import Row
from fieldvault.testing import FakeClock, FakeKek

WAIT = 360.0
PHASES = [IndexPhase.STABLE, IndexPhase.DUAL_WRITE, IndexPhase.BACKFILL, IndexPhase.CUT_OVER, IndexPhase.DROP]


class World:
    """One table, one key store, and as many processes as asked for, each with a cache of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.kek, self.store, self.clock = FakeKek(), SpiedStore(), FakeClock()
        self.operator = self.process()
        self.rotation = IndexRotation(
            self.operator, tenant="acme", tables=[IndexedTable(engine, PEOPLE, "people", tenant_column="tenant")]
        )

    def process(self) -> Keyrings:
        return Keyrings(self.kek, self.store, policy=KeyringPolicy(), clock=self.clock)  # type: ignore[arg-type]

    def cipher(self) -> RecordCipher:
        return RecordCipher(PEOPLE, self.process(), tenant="acme")

    def backfill(self, **options: int) -> None:
        result = Backfill(self.operator, self.rotation, **options).run()  # type: ignore[arg-type]
        assert (result.left, result.refused, result.duplicates) == (0, {}, {})

    def step(self) -> IndexPhase:
        """Whatever the present phase needs, then the next phase."""
        self.clock.advance(WAIT)
        if self.rotation.state.phase is IndexPhase.STABLE:
            return self.rotation.start().phase
        if self.rotation.state.phase is not IndexPhase.DUAL_WRITE:
            self.backfill()
        return self.rotation.advance().phase

    def go_to(self, phase: IndexPhase) -> None:
        while self.rotation.state.phase is not phase:
            self.step()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    engine = create_engine(f"sqlite:///{tmp_path}/people.db")
    people.metadata.create_all(engine)
    yield World(engine)
    engine.dispose()


def cells(world: World, number: int = 1) -> tuple[int | None, int | None]:
    """The versions in the main and the second column of the unique index."""
    with world.engine.connect() as connection:
        row = connection.execute(
            select(people.c.email_index, people.c.email_index_next).where(people.c.id == number)
        ).one()
    main, following = row
    return (main and main[0], following and following[0])


def test_a_whole_rotation(world: World) -> None:
    cipher = world.cipher()
    assert add(world.engine, cipher, *(person(n) for n in range(1, 8)))
    seen = []
    for phase in [*PHASES[1:], IndexPhase.STABLE]:
        assert world.step() is phase
        seen.append((phase, cells(world)))
        for process in (cipher, world.cipher()):
            assert find(world.engine, process, "email", "P3@example.org") == [3]
            assert find(world.engine, process, "name", "person NR3") == [3]
        assert not add(world.engine, cipher, person(99, email="p5@EXAMPLE.org"))
        assert not add(world.engine, world.cipher(), person(99, email="p5@EXAMPLE.org"))
    assert seen == [
        (IndexPhase.DUAL_WRITE, (1, None)),
        (IndexPhase.BACKFILL, (1, None)),
        (IndexPhase.CUT_OVER, (1, 2)),
        (IndexPhase.DROP, (2, 2)),
        (IndexPhase.STABLE, (2, None)),
    ]
    states = [record.state for record in world.store.data_keys(cipher.index_keyring.scope)]
    assert states == [KeyState.DESTROYED, KeyState.ACTIVE]
    assert world.rotation.rows_by_version()["people"] == {
        "email_index": {2: 7}, "email_index_next": {}, "name_index": {2: 7}, "name_words": {2: 7}
    }  # fmt: skip
    for phase in [*PHASES[1:], IndexPhase.STABLE]:
        assert world.step() is phase
    assert cells(world) == (3, None)


@pytest.mark.parametrize("phase", PHASES)
def test_what_a_writer_writes(world: World, phase: IndexPhase) -> None:
    add(world.engine, world.cipher(), person(1))
    world.go_to(phase)
    add(world.engine, world.cipher(), person(2))
    expected = {
        IndexPhase.STABLE: (1, None), IndexPhase.DUAL_WRITE: (1, 2), IndexPhase.BACKFILL: (1, 2),
        IndexPhase.CUT_OVER: (2, 2), IndexPhase.DROP: (2, None),
    }  # fmt: skip
    assert cells(world, 2) == expected[phase]


@pytest.mark.parametrize("phase", [*PHASES[1:], IndexPhase.STABLE])
@pytest.mark.parametrize("moment", ["right after the step", "after the backfill"])
def test_a_process_one_phase_behind_misses_nothing_and_lets_no_duplicate_in(
    world: World, phase: IndexPhase, moment: str
) -> None:
    add(world.engine, world.cipher(), *(person(n) for n in range(1, 5)))
    before = PHASES[PHASES.index(phase) - 1]
    world.go_to(before)
    world.clock.advance(WAIT)
    if before not in (IndexPhase.STABLE, IndexPhase.DUAL_WRITE):
        world.backfill()
    stale = world.cipher()
    assert find(world.engine, stale, "email", "p1@example.org") == [1]
    keys = stale.index_keyring.index_keys_to_ask()
    if before is IndexPhase.STABLE:
        world.rotation.start()
    else:
        world.rotation.advance()
    assert world.rotation.state.phase is phase
    fresh = world.cipher()
    if moment == "after the backfill" and phase not in (IndexPhase.DUAL_WRITE, IndexPhase.STABLE):
        world.backfill()
    assert stale.index_keyring.index_keys_to_ask() == keys, "the process is not behind"

    writers = {"stale": stale, "fresh": fresh}
    for number, (name, writer) in enumerate(writers.items(), start=10):
        assert add(world.engine, writer, person(number))
        assert change(world.engine, writer, person(number - 8, email=f"{name}@example.org"))
    for reader in writers.values():
        for number in (10, 11):
            assert find(world.engine, reader, "email", f"p{number}@example.org") == [number]
            assert find(world.engine, reader, "name", f"person nr{number}") == [number]
        assert find(world.engine, reader, "email", "stale@example.org") == [2]
        assert find(world.engine, reader, "email", "fresh@example.org") == [3]
        assert find(world.engine, reader, "email", "p2@example.org") == []
    # A row that one wrote and the other changes keeps nothing of its old address.
    for number, (writer, changer) in enumerate(((stale, fresh), (fresh, stale)), start=20):
        assert add(world.engine, writer, person(number))
        assert change(world.engine, changer, person(number, email=f"moved{number}@example.org"))
        for other, reuser in enumerate(writers.values(), start=number * 10):
            assert add(world.engine, reuser, person(other, email=f"p{number}@example.org"))
            assert change(world.engine, reuser, person(other))

    for writer in writers.values():
        for taken in ("p1@example.org", "p10@example.org", "p11@example.org", "stale@example.org"):
            assert not add(world.engine, writer, person(90, email=taken))
            assert not change(world.engine, writer, person(4, email=taken))
        # What another row has given up is free again.
        assert change(world.engine, writer, person(4, email="p2@example.org"))
        assert change(world.engine, writer, person(4, email="p4@example.org"))


@pytest.mark.parametrize("phase", PHASES[1:])
def test_a_step_waits_for_the_caches_and_the_slowest_write(world: World, phase: IndexPhase) -> None:
    add(world.engine, world.cipher(), person(1))
    world.go_to(phase)
    if phase is not IndexPhase.DUAL_WRITE:
        world.backfill()
    world.clock.advance(WAIT - 1)
    with pytest.raises(IndexStepTooEarly) as early:
        world.rotation.advance()
    assert early.value.seconds_left == pytest.approx(1)
    assert world.rotation.state.phase is phase
    world.clock.advance(1)
    world.rotation.advance()


@pytest.mark.parametrize("phase", [IndexPhase.BACKFILL, IndexPhase.CUT_OVER, IndexPhase.DROP])
def test_a_step_waits_for_rows(world: World, phase: IndexPhase) -> None:
    add(world.engine, world.cipher(), person(1), person(2), person(3, email=None, name=None))
    world.go_to(phase)
    world.clock.advance(WAIT)
    with pytest.raises(IndexRowsLeft) as left:
        world.rotation.advance()
    assert left.value.rows == 2
    assert world.rotation.rows_left() == {"people": 2}
    world.backfill(batch=1)
    world.rotation.advance()


def test_the_clock_set_back_makes_a_step_wait_longer(world: World) -> None:
    add(world.engine, world.cipher(), person(1))
    world.step()
    world.clock.advance(WAIT)
    world.clock.set_wall_clock_back(years=1)
    with pytest.raises(IndexStepTooEarly):
        world.rotation.advance()


def test_steps_that_the_phase_does_not_allow(world: World) -> None:
    with pytest.raises(IndexStepRefused, match="no index key"):
        world.rotation.start()
    with pytest.raises(IndexStepRefused, match="not being rotated"):
        world.rotation.advance()
    assert world.rotation.state.version is None
    add(world.engine, world.cipher(), person(1))
    with pytest.raises(IndexStepRefused, match="at once"):
        world.operator.keyring(world.cipher().index_keyring.scope).rotate()
    world.rotation.start()
    with pytest.raises(IndexStepRefused, match="already"):
        world.rotation.start()
    with pytest.raises(IndexStepRefused, match="dual-write"):
        world.backfill()
    with pytest.raises(ScopeError):
        IndexRotation(world.operator, tenant=None, tables=world.rotation.tables)


@pytest.mark.parametrize("method", ["put_index_state", "add_primary"])
def test_a_start_that_was_interrupted_is_begun_again(world: World, method: str) -> None:
    add(world.engine, world.cipher(), person(1))

    def die() -> None:
        raise KeyboardInterrupt

    world.store.after[method] = die
    with pytest.raises(KeyboardInterrupt):
        world.rotation.start()
    assert world.rotation.state.phase is IndexPhase.STABLE
    add(world.engine, world.cipher(), person(2))
    assert cells(world, 2) == (1, None), "a new key that no state names must not be written under"
    world.rotation.start()
    assert [one.version for one in world.store.data_keys(world.cipher().index_keyring.scope)] == [1, 2]


def test_a_warm_process_asks_nobody(world: World) -> None:
    cipher = world.cipher()
    add(world.engine, cipher, person(1))
    world.step()
    warm = world.cipher()
    warm.index_values("email", "p1@example.org")
    calls, unwraps = sum(world.store.calls.values()), world.kek.unwrap_calls
    for _ in range(3):
        assert len(warm.index_values("email", "p1@example.org")) == 2
        warm.seal(person(5))
    assert sum(world.store.calls.values()) - calls <= 3, "sealing fetched its own key; look-ups must ask nobody"
    calls = sum(world.store.calls.values())
    for _ in range(3):
        warm.index_values("email", "p1@example.org")
        warm.seal(person(5))
    assert sum(world.store.calls.values()) == calls
    assert world.kek.unwrap_calls <= unwraps + 1
    world.clock.advance(300)
    warm.index_values("email", "p1@example.org")
    assert sum(world.store.calls.values()) > calls


def test_a_first_key_is_found_at_once_by_those_who_looked_before(world: World) -> None:
    reader = world.cipher()
    assert find(world.engine, reader, "email", "p1@example.org") == []
    add(world.engine, world.cipher(), person(1))
    assert find(world.engine, reader, "email", "p1@example.org") == [1]


def test_rows_that_cannot_be_opened_stay_and_hold_the_rotation(world: World) -> None:
    add(world.engine, world.cipher(), *(person(n) for n in range(1, 6)))
    with world.engine.begin() as connection:
        connection.execute(update(people).where(people.c.id == 3).values(email=b"\x01" + bytes(60)))
    world.step()
    world.step()
    result = Backfill(world.operator, world.rotation, batch=2).run()
    assert (result.written, result.left, result.refused) == (4, 1, {"people": [(3,)]})
    world.clock.advance(WAIT)
    with pytest.raises(IndexRowsLeft):
        world.rotation.advance()


def test_a_failure_in_the_backfill_leaves_no_frame_with_cells(world: World) -> None:
    add(world.engine, world.cipher(), *(person(n, name="Canary") for n in range(1, 4)))
    world.step()
    world.step()
    with world.engine.connect() as connection:
        known = set(connection.execute(select(people.c.email, people.c.email_index)).first() or ())
    with world.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER no BEFORE UPDATE ON people BEGIN SELECT RAISE(ABORT, 'Canary'); END"
        )
    with pytest.raises(TableError) as refused:
        Backfill(world.operator, world.rotation).run()
    error: BaseException = refused.value
    assert (error.__context__, error.__cause__) == (None, None)
    frames = [
        frame for frame, _ in traceback.walk_tb(error.__traceback__) if "fieldvault" in frame.f_code.co_filename
    ]
    held = repr([frame.f_locals for frame in frames])
    assert "Canary" not in held + str(error)
    assert not any(repr(cell) in held for cell in known)


def test_rows_of_another_tenant_are_not_touched(world: World) -> None:
    add(world.engine, world.cipher(), person(1))
    other = RecordCipher(PEOPLE, world.process(), tenant="other")
    add(world.engine, other, person(2) | {}, *[])
    with world.engine.begin() as connection:
        connection.execute(update(people).where(people.c.id == 2).values(tenant="other"))
    while world.step() is not IndexPhase.STABLE:
        pass
    assert cells(world, 2) == (1, None)
    assert find(world.engine, other, "email", "p2@example.org") == [2]


def test_of_two_operators_one_takes_the_step(world: World) -> None:
    add(world.engine, world.cipher(), person(1))
    theirs = IndexRotation(world.process(), tenant="acme", tables=world.rotation.tables)
    world.rotation.start()
    world.clock.advance(WAIT)
    step: list[Callable[[], object]] = [theirs.advance]
    world.store.after["index_state"] = lambda: step.pop()()
    with pytest.raises(Exception, match="another one by now"):
        world.rotation.advance()
    assert world.rotation.state.phase is IndexPhase.BACKFILL


def test_a_second_value_of_another_version_is_left(world: World) -> None:
    """A writer that leaves the second column as it was is found, where that shows."""
    add(world.engine, world.cipher(), person(1), person(2))
    world.go_to(IndexPhase.BACKFILL)
    world.backfill()
    with world.engine.begin() as connection:
        connection.execute(update(people).where(people.c.id == 1).values(email_index_next=b"\x01" + bytes(16)))
    world.clock.advance(WAIT)
    with pytest.raises(IndexRowsLeft) as caught:
        world.rotation.advance()
    assert caught.value.rows == 1
    world.backfill()
    assert cells(world) == (1, 2)


@pytest.mark.parametrize("phase", [IndexPhase.BACKFILL, IndexPhase.CUT_OVER])
def test_a_backfill_by_a_process_that_believes_the_phase_before(world: World, phase: IndexPhase) -> None:
    add(world.engine, world.cipher(), *map(person, range(5)))
    world.go_to(PHASES[PHASES.index(phase) - 1])
    world.clock.advance(WAIT)
    if phase is IndexPhase.CUT_OVER:
        world.backfill()
    stale = world.process()
    RecordCipher(PEOPLE, stale, tenant="acme").index_values("email", "p1@example.org")  # caches the phase
    world.rotation.advance()
    table = IndexedTable(world.engine, PEOPLE, "people", tenant_column="tenant")
    rotation = IndexRotation(stale, tenant="acme", tables=[table])
    rounds: list[int] = []

    def watch(progress: BackfillProgress) -> None:
        rounds.append(progress.round)
        assert progress.round < 3, "it writes by the rules of the phase before, for ever"

    result = Backfill(stale, rotation, on_progress=watch).run()
    assert (result.written, result.left) == (5, 0)
    assert set(rounds) == {1}


def test_a_row_that_is_changed_under_the_backfill_keeps_what_its_writer_wrote(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cipher = world.cipher()
    add(world.engine, cipher, person(1), person(2))
    world.go_to(IndexPhase.BACKFILL)
    cipher.index_keyring.forget_index_state()
    read = IndexedTable.records

    def read_while_somebody_writes(table: IndexedTable, rows: list[Row]) -> list[dict[str, Any]]:
        records = read(table, rows)
        assert change(world.engine, cipher, person(1, email="new@example.org"))
        return records

    monkeypatch.setattr(IndexedTable, "records", read_while_somebody_writes)
    result = Backfill(world.operator, world.rotation).run()
    assert (result.written, result.changed_meanwhile, result.left) == (1, 1, 0)
    assert find(world.engine, cipher, "email", "new@example.org") == [1]
    assert find(world.engine, cipher, "email", "p1@example.org") == []
    assert cells(world) == (1, 2)
    assert add(world.engine, cipher, person(3, email="p1@example.org")), "what the row gave up is free"
