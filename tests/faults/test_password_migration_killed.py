"""A migration of passwords that is killed with SIGKILL, again and again, on SQLite and on PostgreSQL.

After each kill: no row is lost, none is wrapped twice, what is wrapped verifies, what is not is as it was, and at
most one batch had been hashed for nothing. Half of the kills hit a chosen statement or COMMIT,
half come at any time.
`FIELDVAULT_LONG_FAULTS=1` for 50 points on each database.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from plugins.passwords_kit import Users, all_verify, mixed_rows, password_of
from sqlalchemy import inspect, text

from fieldvault.password_migration.checkpoint import load, migrations
from fieldvault.passwords import CHEAPEST, PasswordHasher

POINTS = 50 if os.environ.get("FIELDVAULT_LONG_FAULTS") == "1" else 8
ROWS, BATCH = 300, 10

# Writes one byte for each row that it hashes; kills itself before the statement, or COMMIT, of a given number.
MIGRATOR = """
import os, signal, sys
from plugins.passwords_kit import Users
from sqlalchemy import event
from fieldvault.passwords import CHEAPEST, PasswordHasher

url, log, die_at = sys.argv[1], os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT), int(sys.argv[3])

class Counting(PasswordHasher):
    def wrap_many(self, rows, scheme):
        made = super().wrap_many(rows, scheme)
        os.write(log, b"." * len(rows))
        return made

seen = 0
def count(*_):
    global seen
    seen += 1
    if seen == die_at:
        os.kill(os.getpid(), signal.SIGKILL)

with Users(url).desk(hasher=Counting(CHEAPEST)) as desk:
    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(desk.database._engine, name, count)
    print("running", flush=True)
    desk.migration(batch=BATCH, threads=2).run()
print("finished", flush=True)
""".replace("BATCH", str(BATCH))


@pytest.fixture(params=["sqlite", "postgresql"])
def people(request: pytest.FixtureRequest, tmp_path: Path) -> Users:
    if request.param == "sqlite":
        return Users(f"sqlite:///{tmp_path / 'app.db'}")
    return Users(request.getfixturevalue("postgresql_database"))


def spawn(people: Users, log: Path, die_at: int) -> subprocess.Popen[str]:
    folders = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, folders))}
    command = [sys.executable, "-c", MIGRATOR, people.url, str(log), str(die_at)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def position(people: Users) -> int | None:
    """The last id that the checkpoint says is done, in the first round; None in later ones."""
    with people.connect() as connection:
        found = load(connection, "users.password") if inspect(connection).has_table(migrations.name) else None
    if found is None or found.round > 1 or found.finished_at is not None:
        return None
    return 0 if found.position is None else int(found.position[0])


def wait_for_the_dead(people: Users) -> None:
    """Until PostgreSQL has ended the killed process's session, which may have been in its COMMIT."""
    if people.url.startswith("postgresql"):
        others = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with people.connect() as connection:
            while connection.execute(text(others)).scalar():
                time.sleep(0.01)
                connection.execute(text("SELECT pg_stat_clear_snapshot()"))


def begin_anew(people: Users, original: dict[int, str]) -> None:
    for number, one in original.items():
        people.set(number, one)
    with people.connect() as connection:
        connection.execute(migrations.delete())


def test_killed_at_random_points_loses_nothing_and_wraps_nothing_twice(people: Users, tmp_path: Path) -> None:
    chance = random.Random(os.environ.get("FIELDVAULT_SEED", "2026"))
    rows = mixed_rows(ROWS)
    original = {row["id"]: row["password"] for row in rows}
    people.fill(rows)
    with people.desk() as desk:
        desk.prove(1)
    hasher, log, killed, wasted = PasswordHasher(CHEAPEST), tmp_path / "hashed", 0, 0
    verified: dict[int, str] = {}
    while killed < POINTS:
        log.write_bytes(b"")
        before = sum(one.startswith("$fvw1$") for one in people.stored().values())
        at_statement = killed % 2 == 0
        process = spawn(people, log, chance.randint(1, 160) if at_statement else 0)
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        if not at_statement:
            time.sleep(chance.uniform(0, 0.15))
            process.kill()
        ended = process.wait(timeout=120)
        process.stdout.close()
        assert ended in (0, -signal.SIGKILL)
        killed += ended == -signal.SIGKILL

        wait_for_the_dead(people)
        stored = people.stored()
        assert stored.keys() == original.keys()
        wrapped = {number: one for number, one in stored.items() if one.startswith("$fvw1$")}
        assert all(stored[number] == original[number] for number in stored.keys() - wrapped.keys())
        assert verified.items() <= wrapped.items()  # what was wrapped once stays as it is
        if (reached := position(people)) is not None:
            assert wrapped.keys() == {number for number in original if number <= reached}
        assert all(
            hasher.verify(password_of(number), wrapped[number]) for number in wrapped.keys() - verified.keys()
        )
        verified = wrapped
        redone = len(log.read_bytes()) - (len(wrapped) - before)
        assert 0 <= redone <= BATCH
        wasted = max(wasted, redone)
        if len(wrapped) == ROWS:
            assert all_verify(stored)
            begin_anew(people, original)
            verified = {}
    with people.desk() as desk:
        result = desk.migration(batch=BATCH).run()
    assert result.finished
    assert all_verify(people.stored())
    assert wasted > 0  # some kill did hit between hashing and commit


def test_two_processes_at_once_end_with_every_row_wrapped_once(people: Users, tmp_path: Path) -> None:
    people.fill(mixed_rows(ROWS))
    with people.desk() as desk:
        desk.prove(1)
    both = [spawn(people, tmp_path / f"log{number}", 0) for number in range(2)]
    outputs = [process.communicate(timeout=120)[0] for process in both]
    assert any(output.endswith("finished\n") for output in outputs)
    assert all_verify(people.stored())
