"""A rotation of index keys under writers and readers of many processes, and a backfill that is killed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from plugins.indexed_people import PEOPLE, add, find, people, person
from plugins.rotation_crew import SEEDS, SLOWEST_WRITE, Report, crew, engine_for, keyrings
from sqlalchemy import select
from sqlalchemy.engine import Engine

from fieldvault import Keyrings, RecordCipher
from fieldvault.errors import IndexRowsLeft, IndexStepTooEarly
from fieldvault.keystore import SqlKeyStore
from fieldvault.ports import IndexPhase, KekProvider
from fieldvault.rotation import Backfill, IndexedTable, IndexRotation
from fieldvault.testing import FakeKek

SEED = {"id": 0}


def rotation_of(engine: Engine, ours: Keyrings) -> IndexRotation:
    table = IndexedTable(engine, PEOPLE, "people", tenant_column="tenant")
    return IndexRotation(ours, tenant="acme", tables=[table], slowest_write=SLOWEST_WRITE)


def advance(rotation: IndexRotation) -> IndexPhase:
    while True:
        try:
            return rotation.advance().phase
        except IndexStepTooEarly as early:
            time.sleep(early.seconds_left)


def backfill(ours: Keyrings, rotation: IndexRotation) -> None:
    result = Backfill(ours, rotation, batch=100).run()
    assert (result.refused, result.duplicates) == ({}, {})


def killed_backfill(kek: KekProvider, url: str, after: float) -> None:
    """A backfill in a process of its own, killed while it works."""
    child = os.fork()
    if child == 0:
        try:
            ours, engine = keyrings(kek, url), engine_for(url)
            Backfill(ours, rotation_of(engine, ours), batch=3, on_progress=lambda _: time.sleep(0.003)).run()
        finally:
            os._exit(0)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def rotate_under_load(kek: KekProvider, url: str, size: int) -> list[Report]:
    engine, ours = engine_for(url), keyrings(kek, url)
    assert isinstance(ours.store, SqlKeyStore)
    ours.store.create()
    people.metadata.create_all(engine)
    cipher = RecordCipher(PEOPLE, ours, tenant="acme")
    assert add(engine, cipher, *(person(n, email=f"seed{n}@example.org") for n in range(SEEDS)))
    rotation = rotation_of(engine, ours)
    pick = random.Random(7)
    try:
        with crew(size, kek, url) as working:
            time.sleep(0.5)
            assert rotation.start().phase is IndexPhase.DUAL_WRITE
            for phase in (IndexPhase.BACKFILL, IndexPhase.CUT_OVER, IndexPhase.DROP, IndexPhase.STABLE):
                while True:
                    try:
                        assert advance(rotation) is phase
                        break
                    except IndexRowsLeft:
                        backfill(ours, rotation)
                if phase is not IndexPhase.STABLE:
                    for _ in range(2):
                        killed_backfill(kek, url, pick.uniform(0.02, 0.15))
                    backfill(ours, rotation)
            time.sleep(0.5)
        check_table(engine, RecordCipher(PEOPLE, keyrings(kek, url), tenant="acme"), working.reports)
        return working.reports
    finally:
        ours.store.close()
        engine.dispose()


def check_table(engine: Engine, cipher: RecordCipher, reports: list[Report]) -> None:
    assert [line for report in reports for line in report.wrong] == []
    expected = {n: f"seed{n}@example.org" for n in range(SEEDS)}
    for report in reports:
        expected |= report.people
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(select(people)).mappings()]
    for row in rows:
        row.pop("tenant")
    assert {(row["email_index"][0], row["email_index_next"], row["name_index"][0]) for row in rows} == {
        (2, None, 2)
    }
    opened = {one["id"]: one["email"] for one in cipher.open_many(rows)}
    assert opened == expected, "a row was lost, or one is there that nobody was told of"
    assert max(Counter(opened.values()).values()) == 1
    for number in random.Random(1).sample(sorted(opened), 50):
        assert find(engine, cipher, "email", opened[number]) == [number]
    cipher.index_keyring._store.close()  # type: ignore[attr-defined]


def check_that_much_was_tried(reports: list[Report]) -> None:
    done: Counter[str] = sum((report.done for report in reports), Counter())
    for what in ("add_new", "change_own", "add_duplicate", "become_another", "contest", "look_up"):
        assert done[what] >= 3, f"{what} was hardly tried: {done}"
    assert set().union(*(report.phases for report in reports)) == {phase.value for phase in IndexPhase}


@pytest.mark.timeout(240)
def test_on_postgresql_with_eight_writers(postgresql_database: str) -> None:
    reports = rotate_under_load(FakeKek(), postgresql_database, 8)
    assert len(reports) == 8
    check_that_much_was_tried(reports)


@pytest.mark.timeout(240)
def test_on_sqlite_with_three_writers(tmp_path: Path) -> None:
    check_that_much_was_tried(rotate_under_load(FakeKek(), f"sqlite:///{tmp_path}/app.db", 3))
