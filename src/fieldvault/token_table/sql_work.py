"""Running a piece of work on the token table: its transaction, its retries, its errors.

1. A work happens or does not. What failed before COMMIT may be tried again: once on a new connection where the old
   one is dead, a few times where the database chose it to break a deadlock.
2. An error in COMMIT is never retried: the change may have taken effect.
3. Errors are raised outside the `except` block: the driver's error holds parameters and rows.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import Pool

from fieldvault.errors import KeyStoreUnavailable, TokenTableError, TokenTableUnavailable
from fieldvault.keystore.forks import on_fork_in_child
from fieldvault.keystore.sql_engine import sqlite_path
from fieldvault.keystore.sql_errors import Fault, classify
from fieldvault.keystore.sql_sqlite import create_private_file, sqlite_transaction
from fieldvault.keystore.sql_transaction import COMMIT_TO_DISK

T = TypeVar("T")

TRIES = 8
_FIRST_PAUSE_SECONDS = 0.01


class TokenDatabase:
    """An engine, used by transactions only. Any thread may use it; so may a forked child."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._path = sqlite_path(engine)
        self._inherited: list[Pool] = []
        on_fork_in_child(self, _leave_connections_to_the_parent)

    def create_file(self) -> None:
        """A SQLite file that only its owner may read, unless there is one."""
        refused = False
        try:
            if self._path is not None:
                create_private_file(self._path)
        except KeyStoreUnavailable:
            refused = True
        if refused:
            raise TokenTableUnavailable("the token table's file cannot be created", hint="does its folder exist?")

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run a work that changes nothing. Raises `TokenTableError`."""
        return self._run(work, write=False)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run a work in one transaction. Raises `TokenTableError`."""
        return self._run(work, write=True)

    def _run(self, work: Callable[[Connection], T], *, write: bool) -> T:
        if self._path is not None and not Path(self._path).exists():
            # SQLite would create an empty file, of the umask's mode.
            raise _missing()
        for attempt in range(1, TRIES + 1):
            committing: list[bool] = []
            try:
                with self.engine.connect() as connection, self._transaction(connection, committing, write=write):
                    return work(connection)
            except SQLAlchemyError as error:
                fault = classify(error, self.engine.dialect.name)
            again = (
                attempt < TRIES if fault is Fault.CONTENTION else fault is Fault.LOST_CONNECTION and attempt == 1
            )
            if not again or (committing and fault is not Fault.CONTENTION):
                raise _translated(fault, committing=bool(committing))
            if fault is Fault.CONTENTION:
                # Not a secret: the jitter only keeps two losers of a deadlock from meeting again.
                time.sleep(random.uniform(0.5, 1) * _FIRST_PAUSE_SECONDS * 2**attempt)  # noqa: S311
        raise AssertionError("the last try returns or raises")

    @contextmanager
    def _transaction(self, connection: Connection, committing: list[bool], *, write: bool) -> Iterator[None]:
        if self._is_sqlite:
            with sqlite_transaction(connection, write=write):
                yield
            return
        with connection.begin() as transaction:
            if write and self.engine.dialect.name == "postgresql":
                # A token may be given away as soon as it is stored, so it may not be lost in a crash.
                connection.execute(COMMIT_TO_DISK)
            yield
            if write:
                committing.append(True)
            transaction.commit()


def _translated(fault: Fault, *, committing: bool) -> TokenTableError:
    if fault is Fault.NO_TABLES:
        return _missing()
    if fault in (Fault.OUTAGE, Fault.LOST_CONNECTION, Fault.CONTENTION):
        if committing:
            return TokenTableUnavailable(
                "the token table's database failed in a commit, so the change may have taken effect or not",
                hint="do it again: what is there already stays",
            )
        return TokenTableUnavailable(
            "the token table's database cannot be used: unreachable, locked, full, read-only or not permitted",
            hint="nothing was changed; see the database's own log for the cause",
        )
    return TokenTableError(
        "the token table's database refused a statement",
        hint="nothing was changed; see the database's own log for the cause",
    )


def _missing() -> TokenTableUnavailable:
    return TokenTableUnavailable("the token table does not exist", hint="call create() once")


def _leave_connections_to_the_parent(database: TokenDatabase) -> None:
    # Closing them would end the parent's sessions, and to drop them is to close them: they are kept, unused.
    database._inherited.append(database.engine.pool)
    database.engine.dispose(close=False)
