"""A re-encryption that is killed with SIGKILL, again and again, on SQLite and on PostgreSQL.

After each kill: no row is lost, each opens to what it was, none that was sealed anew is sealed anew again, and at
most one batch had been sealed for nothing. Half of the kills hit a chosen statement or COMMIT, half any moment.
`FIELDVAULT_LONG_FAULTS=1` for 200 points on each database, over 100,000 rows; it prints its figures.
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from plugins.reencryption_kit import SCOPE, Customers, customer, customers
from sqlalchemy import event, text

from fieldvault.ports import KekProvider
from fieldvault.rotation.reencrypt.page import Settled
from fieldvault.rotation.reencrypt.work import ToPrimary
from fieldvault.testing import FakeKek

LONG = os.environ.get("FIELDVAULT_LONG_FAULTS") == "1"
POINTS, ROWS, BATCH = (200, 100_000, 1_000) if LONG else (12, 300, 20)
STATEMENTS = (3 * ROWS // BATCH + 20) * 3


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'app.db'}"
    return request.getfixturevalue("postgresql_database")  # type: ignore[no-any-return]


def run_in_child(kek: KekProvider, url: str, log: Path, die_at: int) -> int:
    """A re-encryption in a process of its own. It writes a byte for each row that it seals, and kills itself before
    the statement, or COMMIT, of the number `die_at`."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        sealed = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        seen = 0
        seal = ToPrimary._seal

        def counted(work: ToPrimary, *given: Any) -> Settled:
            settled = seal(work, *given)
            os.write(sealed, b"." * (0 if settled.changes is None else len(settled.changes.keys)))
            return settled

        def count(*_: Any) -> None:
            nonlocal seen
            seen += 1
            if seen == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

        ToPrimary._seal = counted  # type: ignore[method-assign]
        shop = Customers(url, kek)
        for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
            event.listen(shop.engine, name, count)
        left = shop.job(batch=BATCH).run().tables[0].left
        code = 0 if left == 0 else 2
    finally:
        os._exit(code)


def wait_for_the_dead(shop: Customers) -> None:
    """Until PostgreSQL has ended the killed process's session, which may have been in its COMMIT."""
    if shop.url.startswith("postgresql"):
        others = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND state <> 'idle'"
        )
        with shop.engine.connect() as connection:
            while connection.execute(text(others)).scalar():
                time.sleep(0.01)
                connection.execute(text("SELECT pg_stat_clear_snapshot()"))


@pytest.mark.timeout(7200 if LONG else 240)
def test_killed_at_random_points_loses_nothing_and_seals_nothing_twice(url: str, tmp_path: Path) -> None:
    chance = random.Random(os.environ.get("FIELDVAULT_SEED", "2026"))
    killed = checked = lost = duplicated = wasted = finished = 0
    log, kek = tmp_path / "sealed", FakeKek()
    with customers(url, kek) as shop:
        shop.create()
        for first in range(1, ROWS + 1, 5_000):
            shop.fill(min(5_000, ROWS + 1 - first), first=first)
        original = {n: customer(n) for n in range(1, ROWS + 1)}
        target, cells, went_on = shop.rotate(), shop.cells(), 0.3
        while killed < POINTS:
            log.write_bytes(b"")
            shop.engine.dispose()  # the child must not have our connections
            started = time.monotonic()
            child = run_in_child(kek, url, log, chance.randint(1, STATEMENTS) if killed % 2 else 0)
            if killed % 2 == 0:
                time.sleep(chance.uniform(0, went_on))
                os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            assert status in (0, signal.SIGKILL)
            killed += status == signal.SIGKILL
            if status == 0:
                went_on = time.monotonic() - started

            wait_for_the_dead(shop)
            before, cells = cells, shop.cells()
            opened = shop.opened()
            checked += len(opened)
            lost += sum(opened.get(n) != record for n, record in original.items())
            new = {n for n, row in cells.items() if {cell[1:17] for cell in row} == {target}}
            assert all(cells[n] == before[n] for n in cells.keys() - new)  # a row is written whole, or not at all
            already = {n for n, row in before.items() if {cell[1:17] for cell in row} == {target}}
            duplicated += sum(cells[n] != before[n] for n in already)
            redone = len(log.read_bytes()) - len(new - already)
            assert 0 <= redone <= BATCH
            wasted = max(wasted, redone)
            if len(new) == ROWS and status == 0:
                finished += 1
                target = shop.rotate()
        assert shop.job(batch=BATCH).run().tables[0].left == 0
        assert shop.opened() == original
        assert len(shop.store.data_keys(SCOPE)) == finished + 2
    figures = f"{killed} points killed, {checked:,} rows checked, {lost} lost, {duplicated} duplicated"
    print(f"\n{figures}; {finished} runs finished, at most {wasted} rows of a batch sealed again")
    assert (lost, duplicated) == (0, 0)
    assert wasted > 0  # some kill did hit between sealing and COMMIT


def test_eight_at_once_write_each_row_once(url: str, tmp_path: Path) -> None:
    """The later run takes over; the ones before it stop by an error that says so."""
    kek = FakeKek()
    with customers(url, kek) as shop:
        shop.create()
        shop.fill(400)
        target = shop.rotate()
        shop.engine.dispose()
        children = [run_one_of_many(kek, url) for _ in range(8)]
        codes = sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
        assert set(codes) <= {0, 3}, codes
        assert 0 in codes
        assert {cell[1:17] for row in shop.cells().values() for cell in row} == {target}
        assert shop.opened() == {n: customer(n) for n in range(1, 401)}


def run_one_of_many(kek: KekProvider, url: str) -> int:
    child = os.fork()
    if child:
        return child
    from fieldvault.errors import ReencryptionTakenOver

    code = 1
    try:
        code = 0 if Customers(url, kek).job(batch=10).run().tables[0].left == 0 else 2
    except ReencryptionTakenOver:
        code = 3
    finally:
        os._exit(code)
