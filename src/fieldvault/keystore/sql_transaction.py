"""Running a piece of work on the database: its transaction, its retries, its errors.

1. A work either happens or does not. An error before COMMIT leaves nothing behind, so the work may be tried again:
   once on a new connection when the old one is dead, a few times when the database chose it to break a deadlock.
2. An error in COMMIT is never retried: the change may have taken effect. It is reported as an outage that says so.
3. The key store's errors are raised outside the `except` block: the driver's error holds parameters and rows, and
   must not hang on ours as `__context__`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import Pool

from fieldvault.errors import KeyStoreError, KeyStoreNotReady
from fieldvault.keystore import tables
from fieldvault.keystore.forks import on_fork_in_child
from fieldvault.keystore.sql_engine import sqlite_path
from fieldvault.keystore.sql_errors import Fault, classify, translated
from fieldvault.keystore.sql_sqlite import checkpoint, sqlite_transaction

T = TypeVar("T")
Work = Callable[[Connection], T]

# Data is sealed under a key as soon as it is stored, so a server that may lose its last commits in a crash may not
# lose ours; a server that waits for its replicas as well goes on doing so. For this transaction only.
COMMIT_TO_DISK = text(
    "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
)

TRIES = 8
_FIRST_PAUSE_SECONDS = 0.01


class Database:
    """An engine, used by transactions only. Any thread may use it; so may a forked child."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._path = sqlite_path(engine)
        self._ready = False
        self._closed = False
        self._inherited: list[Pool] = []
        on_fork_in_child(self, _leave_connections_to_the_parent)

    @property
    def engine(self) -> Engine:
        """The engine."""
        return self._engine

    def close(self, *, dispose: bool) -> None:
        """Refuse every further call. `dispose` closes the pooled connections, where the engine is ours."""
        self._closed = True
        if dispose:
            self._engine.dispose()

    def read(self, work: Work[T]) -> T:
        """Run a work that changes nothing."""
        return self._run(work, write=False)

    def write(self, work: Work[T]) -> T:
        """Run a work in one transaction."""
        return self._run(work, write=True)

    def erase(self, work: Work[T]) -> T:
        """Like `write`, for a work that destroys keys: also leave no copy of them behind in SQLite's files."""
        return self._run(work, write=True, erase=True)

    def create(self, work: Work[None]) -> None:
        """Run a work on tables that may not exist yet, then check that they are what this version needs."""
        self._run(work, write=True, create=True)
        self.read(lambda _: None)

    def _run(self, work: Work[T], *, write: bool, create: bool = False, erase: bool = False) -> T:
        if self._closed:
            raise KeyStoreError("the key store was closed")
        for attempt in range(1, TRIES + 1):
            if self._path is not None and not create and not Path(self._path).exists():
                # SQLite would create an empty file, of the umask's mode.
                raise KeyStoreNotReady("the key store's file does not exist", hint="call create() once")
            progress = _Progress()
            try:
                return self._once(work, progress, write=write, create=create, erase=erase)
            except SQLAlchemyError as error:
                fault = classify(error, self._engine.dialect.name)
            if fault is Fault.NO_TABLES:
                self._ready = False
            if not _worth_another_try(fault, attempt, committing=progress.committing):
                raise translated(fault, committing=progress.committing)
            if fault is Fault.CONTENTION:
                # Not a secret: the jitter only keeps two losers of a deadlock from meeting again.
                time.sleep(random.uniform(0.5, 1) * _FIRST_PAUSE_SECONDS * 2**attempt)  # noqa: S311
        raise AssertionError("the last try returns or raises")

    def _once(self, work: Work[T], progress: _Progress, *, write: bool, create: bool, erase: bool) -> T:
        with self._engine.connect() as connection:
            with self._transaction(connection, progress, write=write):
                if not create and not self._ready:
                    _check_format(connection)
                result = work(connection)
            self._ready = self._ready or not create
            if erase and self._is_sqlite:
                checkpoint(connection)
            return result

    @contextmanager
    def _transaction(self, connection: Connection, progress: _Progress, *, write: bool) -> Iterator[None]:
        if self._is_sqlite:
            # A SQLite COMMIT that fails did not happen: the file is ours, or the journal undoes it.
            with sqlite_transaction(connection, write=write):
                yield
            return
        with connection.begin() as transaction:
            if write and self._engine.dialect.name == "postgresql":
                connection.execute(COMMIT_TO_DISK)
            yield
            progress.committing = write
            transaction.commit()


class _Progress:
    """How far a try came. `committing` means that COMMIT may have reached the database."""

    def __init__(self) -> None:
        self.committing = False


def _worth_another_try(fault: Fault, attempt: int, *, committing: bool) -> bool:
    if fault is Fault.CONTENTION:
        return attempt < TRIES  # rolled back for certain, in COMMIT too
    return fault is Fault.LOST_CONNECTION and attempt == 1 and not committing


def _check_format(connection: Connection) -> None:
    found = connection.execute(select(tables.key_store.c.format_version)).scalars().all()
    if list(found) != [tables.FORMAT]:
        raise KeyStoreNotReady(
            f"the key store's tables are not of format {tables.FORMAT}",
            hint="they were made by another release of fieldvault" if found else "call create() once",
        )


def _leave_connections_to_the_parent(database: Database) -> None:
    # Closing them would end the parent's sessions, and to drop them is to close them: they are kept, unused.
    database._inherited.append(database.engine.pool)
    database.engine.dispose(close=False)
