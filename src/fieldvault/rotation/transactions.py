"""Running a piece of work on the application's own database: its transaction, its retries, its errors.

1. A work either happens or does not. What the database rolled back to break a deadlock, and what was lost with its
   connection before COMMIT, is tried again; an error in COMMIT is not.
2. The driver's error is never passed on, not even as `__context__`: it quotes parameters.
3. No parameter is shown in SQLAlchemy's echo, and no row in its log: the engine is put under the key store's rules.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from fieldvault.errors import MissingExtra, TableError, TableNotAsDeclared, TableUnavailable

try:
    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.exc import SQLAlchemyError
except ModuleNotFoundError:
    raise MissingExtra("the rotation of indexes in a table", extra="sql") from None

from fieldvault.keystore.sql_engine import engine_from_engine
from fieldvault.keystore.sql_errors import Fault, classify
from fieldvault.keystore.sql_sqlite import sqlite_transaction

T = TypeVar("T")
Work = Callable[[Connection], T]

_TRIES = 8
_FIRST_PAUSE_SECONDS = 0.01


class DuplicateValue(Exception):
    """A UNIQUE constraint refused a row. It is caught in this package, and holds nothing."""


class Transactions:
    """An engine, used by transactions only."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine_from_engine(engine)

    def read(self, work: Work[T]) -> T:
        """Run a work that changes nothing. Raises `TableError`."""
        return self._run(work, write=False)

    def write(self, work: Work[T]) -> T:
        """Run a work in one transaction; it may run more than once. Raises `TableError`, `DuplicateValue`."""
        return self._run(work, write=True)

    def _run(self, work: Work[T], *, write: bool) -> T:
        for attempt in range(1, _TRIES + 1):
            committing = [False]
            try:
                return self._once(work, committing, write=write)
            except SQLAlchemyError as error:
                fault = classify(error, self._engine.dialect.name)
            again = fault is Fault.CONTENTION or (fault is Fault.LOST_CONNECTION and not committing[0])
            if not again or attempt == _TRIES:
                raise _refusal(fault, committing=committing[0])
            # Not a secret: the jitter only keeps two losers of a deadlock from meeting again.
            time.sleep(random.uniform(0.5, 1) * _FIRST_PAUSE_SECONDS * 2**attempt)  # noqa: S311
        raise AssertionError("the last try returns or raises")

    def _once(self, work: Work[T], committing: list[bool], *, write: bool) -> T:
        with self._engine.connect() as connection:
            if self._engine.dialect.name == "sqlite":
                with sqlite_transaction(connection, write=write):
                    return work(connection)
            with connection.begin() as transaction:
                result = work(connection)
                committing[0] = write
                transaction.commit()
                return result


def _refusal(fault: Fault, *, committing: bool) -> TableError | DuplicateValue:
    match fault:
        case Fault.CONFLICT:
            return DuplicateValue()
        case Fault.OUTAGE | Fault.LOST_CONNECTION | Fault.CONTENTION:
            return TableUnavailable(
                "the database failed in a commit" if committing else "the database cannot be reached, or is locked",
                hint="run the same again: it goes on where it stopped",
            )
        case Fault.NO_TABLES:
            return TableNotAsDeclared(
                "the table or a column is not in the database", hint="a unique index has a second column: …_next"
            )
        case _:
            return TableError("the database refused a statement", hint="see its own log for the cause")
