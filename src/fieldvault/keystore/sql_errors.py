"""What a database's error means for the key store. A conflict and an outage are never confused.

1. The database's own code decides (SQLSTATE, SQLite's extended code, MySQL's number); the driver's exception class
   only where there is no code.
2. `CONFLICT` is a violated UNIQUE constraint and nothing else: any other broken constraint is a program's fault.
3. `CONTENTION` is what the database rolled back so that somebody else could go on: worth another try.
4. An error that is not known is a `KeyStoreError`: neither "try later" nor "reload" may be promised.
5. The driver's text is never passed on: it quotes the statement's parameters and the row's values.
"""

from __future__ import annotations

import sqlite3
from enum import Enum, auto

from sqlalchemy import exc

from fieldvault.errors import KeyStoreConflict, KeyStoreError, KeyStoreNotReady, KeyStoreUnavailable


class Fault(Enum):
    """What went wrong, as far as a caller can act on it."""

    CONFLICT = auto()
    CONTENTION = auto()
    OUTAGE = auto()
    LOST_CONNECTION = auto()
    NO_TABLES = auto()
    UNKNOWN = auto()


# https://www.sqlite.org/rescode.html
_SQLITE_UNIQUE = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}
_SQLITE_OUTAGE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_INTERRUPT,
}

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL: dict[str, Fault] = {
    "23505": Fault.CONFLICT,  # unique_violation
    "40001": Fault.CONTENTION,  # serialization_failure
    "40P01": Fault.CONTENTION,  # deadlock_detected
    "42P01": Fault.NO_TABLES,  # undefined_table
    "42703": Fault.NO_TABLES,  # undefined_column
    "3F000": Fault.NO_TABLES,  # invalid_schema_name
    "3D000": Fault.OUTAGE,  # invalid_catalog_name: no such database
    "25006": Fault.OUTAGE,  # read_only_sql_transaction: a standby
    "42501": Fault.OUTAGE,  # insufficient_privilege
    "55P03": Fault.OUTAGE,  # lock_not_available
}
# Connection, authorization, resources (disk full is 53100), operator (shutdown, a timeout), system (I/O).
_POSTGRESQL_OUTAGE_CLASSES = {"08", "28", "53", "57", "58"}

# https://mariadb.com/kb/en/mariadb-error-code-reference/ ; the MySQL manual, B.3.1
_MYSQL: dict[int, Fault] = {
    1062: Fault.CONFLICT,  # ER_DUP_ENTRY
    1586: Fault.CONFLICT,  # ER_DUP_ENTRY_WITH_KEY_NAME
    1020: Fault.CONTENTION,  # ER_CHECKREAD: record has changed since last read
    1213: Fault.CONTENTION,  # ER_LOCK_DEADLOCK
    1054: Fault.NO_TABLES,  # ER_BAD_FIELD_ERROR
    1146: Fault.NO_TABLES,  # ER_NO_SUCH_TABLE
    3819: Fault.UNKNOWN,  # ER_CHECK_CONSTRAINT_VIOLATED, which MySQL's drivers call operational
    4025: Fault.UNKNOWN,  # ER_CONSTRAINT_FAILED, the same in MariaDB
}


def classify(error: exc.SQLAlchemyError, database: str) -> Fault:
    """What this error means. `database` is SQLAlchemy's dialect name."""
    if isinstance(error, exc.TimeoutError):
        return Fault.OUTAGE  # no connection became free in the pool
    if not isinstance(error, exc.DBAPIError):
        return Fault.UNKNOWN
    # A MySQL deadlock is not a lost connection, so the code is asked first.
    fault = _by_code(error, database)
    if error.connection_invalidated and fault in (None, Fault.OUTAGE):
        return Fault.LOST_CONNECTION
    if fault is None:
        fault = Fault.OUTAGE if isinstance(error, exc.OperationalError | exc.InterfaceError) else Fault.UNKNOWN
    return fault


def translated(fault: Fault, *, committing: bool = False) -> KeyStoreError:
    """The error to raise. `committing`: it broke off in COMMIT, so whether it took effect is not known."""
    match fault:
        case Fault.CONFLICT:
            return KeyStoreConflict("somebody else added a key in this place first", hint="reload the keys")
        case Fault.CONTENTION:
            return KeyStoreUnavailable(
                "the key store's database is contended; several tries did not help", hint="try again later"
            )
        case Fault.OUTAGE | Fault.LOST_CONNECTION if committing:
            return KeyStoreUnavailable(
                "the key store's database failed in a commit, so the change may have taken effect or not",
                hint="reload the keys before deciding again",
            )
        case Fault.OUTAGE | Fault.LOST_CONNECTION:
            return KeyStoreUnavailable(
                "the key store's database cannot be used: unreachable, locked, full, read-only or not permitted",
                hint="nothing was changed; see the database's own log for the cause",
            )
        case Fault.NO_TABLES:
            return KeyStoreNotReady(
                "the key store's tables are missing or of another version", hint="call create() once"
            )
        case Fault.UNKNOWN:
            return KeyStoreError(
                "the key store's database refused a statement",
                hint="nothing was changed; see the database's own log for the cause",
            )


def _by_code(error: exc.DBAPIError, database: str) -> Fault | None:
    """What the code says; None where there is none, or where it says no more than the exception's class."""
    original = error.orig
    if database == "sqlite":
        return _by_sqlite_code(original)
    if database == "postgresql":
        state = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
        if not isinstance(state, str):
            return None
        if state[:2] in _POSTGRESQL_OUTAGE_CLASSES:
            return Fault.OUTAGE
        return _POSTGRESQL.get(state, Fault.UNKNOWN)
    number = original.args[0] if original is not None and original.args else None
    return _MYSQL.get(number) if isinstance(number, int) else None


def _by_sqlite_code(original: BaseException | None) -> Fault | None:
    code = getattr(original, "sqlite_errorcode", None)
    text = str(original)
    if not isinstance(code, int):
        # Raised by the Python driver itself: text in a row that is not UTF-8.
        return Fault.UNKNOWN if text.startswith("Could not decode") else None
    if code in _SQLITE_UNIQUE:
        return Fault.CONFLICT
    if code & 0xFF in _SQLITE_OUTAGE:
        return Fault.OUTAGE
    # SQLite has one code for every mistake in SQL; only the text tells a missing table.
    if code == sqlite3.SQLITE_ERROR and text.startswith(("no such table", "no such column")):
        return Fault.NO_TABLES
    return Fault.UNKNOWN
