"""The application's own database, used with care: it holds what people log in with.

1. No parameter of a statement and no row is ever shown, in an error or in SQLAlchemy's echo.
2. A write is one transaction that happens or does not; a transaction that the database rolled back to break a
   deadlock, and one whose connection was dead before COMMIT, is tried again.
3. The driver's error is never passed on, not even as `__context__`: it quotes parameters, which are digests.
4. SQLite overwrites what it deletes (secure_delete), so that no replaced digest stays in the file's free pages.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from fieldvault.errors import ConfigurationError, MissingExtra
from fieldvault.password_migration.failures import PasswordTableError, PasswordTableUnavailable

try:
    from sqlalchemy import create_engine, event, make_url
    from sqlalchemy.engine import URL, Connection, Engine
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
    from sqlalchemy.pool import NullPool
except ModuleNotFoundError:
    raise MissingExtra("the migration of passwords", extra="sql") from None

from fieldvault.keystore.sql_errors import Fault, classify
from fieldvault.keystore.sql_sqlite import sqlite_transaction
from fieldvault.keystore.sql_transaction import COMMIT_TO_DISK

T = TypeVar("T")

TRIES = 8
LOCK_SECONDS = 30.0
_FIRST_PAUSE_SECONDS = 0.01
_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
_EXTRAS = {"postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}
# Strict, or MySQL cuts a hash that is too long for its column instead of refusing it.
_MYSQL_STRICT = "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')"


class Database:
    """An engine, used by transactions only. `database` is a URL that SQLAlchemy takes, or an `Engine` to share.

    Raises `ConfigurationError` or `MissingExtra`; connects to nothing yet. A context manager: closes what is ours.
    """

    def __init__(self, database: str | URL | Engine) -> None:
        self._is_ours = not isinstance(database, Engine)
        self._engine = database.execution_options() if isinstance(database, Engine) else _engine(database)
        if self._engine.dialect.is_async:
            raise ConfigurationError("the migration of passwords needs a synchronous engine")
        self._engine.hide_parameters = True
        self._engine.logger = _WithoutRows(self._engine.logger)  # type: ignore[assignment,arg-type]

    @property
    def dialect(self) -> str:
        """SQLAlchemy's name of it: sqlite, postgresql, mysql, …"""
        return self._engine.dialect.name

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run a work that changes nothing. Raises `PasswordTableError`."""
        return self._run(work, write=False)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run a work in one transaction; it may run more than once. Raises `PasswordTableError`."""
        return self._run(work, write=True)

    def close(self) -> None:
        """Close the connections, unless they are those of the caller's engine."""
        if self._is_ours:
            self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Database({self.dialect!r})"

    def _run(self, work: Callable[[Connection], T], *, write: bool) -> T:
        for attempt in range(1, TRIES + 1):
            committing = [False]
            try:
                with self._engine.connect() as connection, self._transaction(connection, committing, write=write):
                    return work(connection)
            except SQLAlchemyError as error:
                fault = classify(error, self.dialect)
            again = fault is Fault.CONTENTION or (fault is Fault.LOST_CONNECTION and not committing[0])
            if not again or attempt == TRIES:
                raise _translated(fault, committing=committing[0])
            # Not a secret: the jitter only keeps two losers of a deadlock from meeting again.
            time.sleep(random.uniform(0.5, 1) * _FIRST_PAUSE_SECONDS * 2**attempt)  # noqa: S311
        raise AssertionError("the last try returns or raises")

    @contextmanager
    def _transaction(self, connection: Connection, committing: list[bool], *, write: bool) -> Iterator[None]:
        if self.dialect == "sqlite":
            with sqlite_transaction(connection, write=write):
                yield
            return
        with connection.begin() as transaction:
            if write and self.dialect == "postgresql":
                connection.execute(COMMIT_TO_DISK)
            yield
            committing[0] = write
            transaction.commit()


def _engine(url: str | URL) -> Engine:
    parsed = None
    with suppress(ArgumentError, ValueError):  # raised anew below, because these quote the URL with its password
        parsed = make_url(url)
    if parsed is None:
        raise ConfigurationError(
            "the URL of the passwords' database cannot be parsed",
            hint="for example sqlite:///app.db or postgresql://user@host/database",
        )
    name = parsed.get_backend_name()
    if parsed.drivername in _DRIVERS:
        parsed = parsed.set(drivername=_DRIVERS[parsed.drivername])
    engine, missing = None, False
    try:
        engine = create_engine(parsed, **_options(name, parsed))
    except ModuleNotFoundError:
        missing = True
    except (ArgumentError, NoSuchModuleError, TypeError, ValueError):
        pass  # raised anew below, because these quote the URL with its password
    if missing:
        raise MissingExtra(f"passwords in {name}", extra=_EXTRAS.get(name, "sql"))
    if engine is None:
        raise ConfigurationError("SQLAlchemy does not accept the URL of the passwords' database")
    if name == "sqlite":
        event.listen(engine, "connect", _take_any_text)
    return engine


def _take_any_text(connection: Any, _record: Any) -> None:
    # SQLite holds whatever was written: one row that is no UTF-8 must not end the reading of all. It matches no
    # scheme, so it is never written back.
    connection.text_factory = lambda data: data.decode("utf-8", errors="surrogateescape")


def _options(name: str, url: URL) -> dict[str, Any]:
    match name:
        case "sqlite":
            arguments: dict[str, Any] = {"timeout": LOCK_SECONDS}
        case "postgresql":
            # No statement_timeout: counting a large table takes as long as it takes.
            arguments = {"application_name": "fieldvault", "options": f"-c lock_timeout={LOCK_SECONDS * 1000:.0f}"}
        case "mysql" | "mariadb":
            arguments = {"charset": "utf8mb4", "init_command": _MYSQL_STRICT}
        case _:
            arguments = {}
    arguments = {key: value for key, value in arguments.items() if key not in url.query}
    if name == "sqlite":
        return {"connect_args": arguments, "poolclass": NullPool}
    options: dict[str, Any] = {"connect_args": arguments, "pool_pre_ping": True}
    if name in _EXTRAS:
        # A guarded update needs no more, and a stricter level would only make it fail and retry.
        options["isolation_level"] = "READ COMMITTED"
    return options


def _translated(fault: Fault, *, committing: bool) -> PasswordTableError:
    hint = "see the database's own log for the cause"
    match fault:
        case Fault.OUTAGE | Fault.LOST_CONNECTION if committing:
            return PasswordTableUnavailable(
                "the passwords' database failed in a commit, so the last batch may have taken effect or not",
                hint="run the command again: it goes on where the database says that it stopped",
            )
        case Fault.OUTAGE | Fault.LOST_CONNECTION | Fault.CONTENTION:
            return PasswordTableUnavailable(
                "the passwords' database cannot be used: unreachable, locked, full, read-only or not permitted",
                hint=f"{hint}; then run the command again",
            )
        case Fault.NO_TABLES:
            return PasswordTableError("a table or column is not in the database", hint="check [passwords]")
        case _:
            return PasswordTableError("the passwords' database refused a statement", hint=hint)


class _WithoutRows(logging.LoggerAdapter[logging.Logger]):
    """SQLAlchemy's logger for statements (INFO), without its results (DEBUG)."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - overrides
        """Never at DEBUG."""
        return level > logging.DEBUG and super().isEnabledFor(level)
