"""From what the caller names to an SQLAlchemy engine that is fit to hold keys.

1. No parameter of a statement is ever shown: not in an error, not in SQLAlchemy's echo (`hide_parameters`); and no
   row of a result, which SQLAlchemy writes to the log at DEBUG in any case.
2. Nothing waits for ever: connecting, a lock and a statement end within the timeout.
3. A password is never shown: a store is described by driver, host and database only.
4. SQLite opens the file for each call and keeps nothing open. Opening takes a fraction of a millisecond and the key
   store is asked rarely; in return no connection can cross a fork, and a file that was deleted or put back
   from a backup is noticed, where a connection left open would go on writing to the deleted one.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from sqlalchemy import create_engine, make_url
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from fieldvault.errors import ConfigurationError, MissingExtra

_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
_EXTRAS = {"postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}
_DIALECTS = ("sqlite", "postgresql", "mysql", "mariadb")


def engine_from_url(url: str | URL, timeout: float) -> Engine:
    """An engine of our own. Raises `ConfigurationError` or `MissingExtra`; connects to nothing yet."""
    parsed = _parsed(url)
    name = parsed.get_backend_name()
    if parsed.drivername in _DRIVERS:
        parsed = parsed.set(drivername=_DRIVERS[parsed.drivername])
    options: dict[str, Any] = {"connect_args": _connect_args(name, parsed, timeout)}
    if name == "sqlite":
        options["poolclass"] = NullPool
    else:
        options |= {"pool_pre_ping": True, "pool_timeout": timeout}
    missing = False
    engine = None
    try:
        engine = create_engine(parsed, **options)
    except ModuleNotFoundError:
        missing = True
    except (ArgumentError, NoSuchModuleError, TypeError, ValueError):
        pass  # raised anew below, because these quote the URL with its password
    if missing and name in _EXTRAS:
        raise MissingExtra(f"a key store in {name}", extra=_EXTRAS[name])
    if engine is None:
        raise ConfigurationError("SQLAlchemy does not accept the key store's URL")
    return _checked(engine)


def engine_from_engine(given: Engine) -> Engine:
    """The caller's engine, pool included, under our rules: a copy of its settings, so theirs stay as they are."""
    return _checked(given.execution_options())


def described(engine: Engine) -> str:
    """The engine without user, password and query (where passwords may also be)."""
    url = engine.url
    return URL.create(url.drivername, host=url.host, port=url.port, database=url.database).render_as_string()


def sqlite_path(engine: Engine) -> str | None:
    """The file of a SQLite engine; None for another database or a `file:` URI, which has rules of its own."""
    database = engine.url.database
    if engine.dialect.name != "sqlite" or database is None or database.startswith("file:"):
        return None
    return database


def _parsed(url: str | URL) -> URL:
    parsed = None
    with suppress(ArgumentError, ValueError):  # raised anew below, because these quote the URL with its password
        parsed = make_url(url)
    if parsed is None:
        raise ConfigurationError(
            "the key store's URL cannot be parsed",
            hint="for example sqlite:///keys.db or postgresql://user@host/database",
        )
    if parsed.get_backend_name() not in _DIALECTS:
        raise ConfigurationError(
            f"the key store does not support {parsed.get_backend_name()!r}",
            hint="use sqlite, postgresql, mysql or mariadb",
        )
    return parsed


def _connect_args(name: str, url: URL, timeout: float) -> dict[str, Any]:
    seconds, milliseconds = max(1, round(timeout)), max(1, round(timeout * 1000))
    match name:
        case "sqlite":
            arguments: dict[str, Any] = {"timeout": timeout}
        case "postgresql":
            arguments = {
                "connect_timeout": max(2, seconds),  # libpq takes 1 as 2
                "tcp_user_timeout": milliseconds,
                "application_name": "fieldvault",
                "options": f"-c lock_timeout={milliseconds} -c statement_timeout={milliseconds}",
            }
        case _:
            arguments = {
                "connect_timeout": seconds,
                "read_timeout": seconds,
                "write_timeout": seconds,
                "charset": "utf8mb4",
                # Strict, or MySQL cuts a value that is too long instead of refusing it.
                "init_command": "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES'),"
                f" SESSION innodb_lock_wait_timeout = {seconds}",
            }
    return {key: value for key, value in arguments.items() if key not in url.query}


def _checked(engine: Engine) -> Engine:
    name, database = engine.dialect.name, engine.url.database or ""
    if name not in _DIALECTS or engine.dialect.is_async:
        raise ConfigurationError("the key store needs a synchronous engine of SQLite, PostgreSQL, MySQL or MariaDB")
    if name == "sqlite" and (not database or ":memory:" in database or engine.url.query.get("mode") == "memory"):
        raise ConfigurationError(
            "a key store in an in-memory SQLite database would lose every key with the process",
            hint="name a file, sqlite:///keys.db; or use MemoryKeyStore in tests",
        )
    if name != "sqlite":
        # Guarded updates need no more than READ COMMITTED, and a stricter level only makes them fail and retry.
        engine.update_execution_options(isolation_level="READ COMMITTED")
    engine.hide_parameters = True
    engine.logger = _WithoutRows(engine.logger)  # type: ignore[assignment,arg-type]  # a logger in all but name
    return engine


class _WithoutRows(logging.LoggerAdapter[logging.Logger]):
    """SQLAlchemy's logger for statements (INFO), without its results (DEBUG)."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - overrides
        """Never at DEBUG."""
        return level > logging.DEBUG and super().isEnabledFor(level)
