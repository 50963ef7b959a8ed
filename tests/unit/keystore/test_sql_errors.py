"""A unique violation and an outage are told apart by the database's own code, whatever class the driver picked."""

from __future__ import annotations

import sqlite3

import pymysql
import pytest
from psycopg import errors as pg
from sqlalchemy import exc

from fieldvault.errors import KeyStoreConflict, KeyStoreError, KeyStoreNotReady, KeyStoreUnavailable
from fieldvault.keystore.sql_errors import Fault, classify, translated


def sqlite_error(kind: type[sqlite3.Error], code: int | None, text: str = "canary") -> sqlite3.Error:
    error = kind(text)
    if code is not None:
        error.sqlite_errorcode = code
    return error


def wrapped(original: Exception, *, lost: bool = False) -> exc.DBAPIError:
    kind = getattr(
        exc, next(c.__name__ for c in type(original).__mro__ if hasattr(exc, c.__name__)), exc.DBAPIError
    )
    error: exc.DBAPIError = kind("INSERT canary", {"subject": "canary"}, original)
    error.connection_invalidated = lost
    return error


@pytest.mark.parametrize(
    ("database", "original", "fault"),
    [
        ("sqlite", sqlite_error(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_UNIQUE), Fault.CONFLICT),
        ("sqlite", sqlite_error(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY), Fault.CONFLICT),
        ("sqlite", sqlite_error(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_CHECK), Fault.UNKNOWN),
        ("sqlite", sqlite_error(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_NOTNULL), Fault.UNKNOWN),
        ("sqlite", sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_BUSY), Fault.OUTAGE),
        ("sqlite", sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_FULL), Fault.OUTAGE),
        ("sqlite", sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_IOERR_FSYNC), Fault.OUTAGE),
        ("sqlite", sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_READONLY_DBMOVED), Fault.OUTAGE),
        ("sqlite", sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_CANTOPEN), Fault.OUTAGE),
        ("sqlite", sqlite_error(sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT), Fault.UNKNOWN),
        ("sqlite", sqlite_error(sqlite3.DatabaseError, sqlite3.SQLITE_NOTADB), Fault.UNKNOWN),
        ("sqlite", sqlite_error(sqlite3.OperationalError, 1, "no such table: x"), Fault.NO_TABLES),
        ("sqlite", sqlite_error(sqlite3.OperationalError, 1, "syntax error"), Fault.UNKNOWN),
        ("sqlite", sqlite_error(sqlite3.OperationalError, None, "Could not decode to UTF-8"), Fault.UNKNOWN),
        ("sqlite", sqlite_error(sqlite3.OperationalError, None), Fault.OUTAGE),
        ("postgresql", pg.UniqueViolation("canary"), Fault.CONFLICT),
        ("postgresql", pg.CheckViolation("canary"), Fault.UNKNOWN),
        ("postgresql", pg.NotNullViolation("canary"), Fault.UNKNOWN),
        ("postgresql", pg.DeadlockDetected("canary"), Fault.CONTENTION),
        ("postgresql", pg.SerializationFailure("canary"), Fault.CONTENTION),
        ("postgresql", pg.UndefinedTable("canary"), Fault.NO_TABLES),
        ("postgresql", pg.DiskFull("canary"), Fault.OUTAGE),
        ("postgresql", pg.AdminShutdown("canary"), Fault.OUTAGE),
        ("postgresql", pg.QueryCanceled("canary"), Fault.OUTAGE),
        ("postgresql", pg.LockNotAvailable("canary"), Fault.OUTAGE),
        ("postgresql", pg.InvalidPassword("canary"), Fault.OUTAGE),
        ("postgresql", pg.InvalidCatalogName("canary"), Fault.OUTAGE),
        ("postgresql", pg.ReadOnlySqlTransaction("canary"), Fault.OUTAGE),
        ("postgresql", pg.OperationalError("canary"), Fault.OUTAGE),
        ("postgresql", pg.SyntaxError("canary"), Fault.UNKNOWN),
        ("mysql", pymysql.err.IntegrityError(1062, "canary"), Fault.CONFLICT),
        ("mysql", pymysql.err.IntegrityError(1048, "canary"), Fault.UNKNOWN),
        ("mysql", pymysql.err.OperationalError(3819, "canary"), Fault.UNKNOWN),
        ("mariadb", pymysql.err.OperationalError(4025, "canary"), Fault.UNKNOWN),
        ("mysql", pymysql.err.OperationalError(1213, "canary"), Fault.CONTENTION),
        ("mysql", pymysql.err.OperationalError(1205, "canary"), Fault.OUTAGE),
        ("mysql", pymysql.err.OperationalError(1045, "canary"), Fault.OUTAGE),
        ("mysql", pymysql.err.OperationalError(2003, "canary"), Fault.OUTAGE),
        ("mysql", pymysql.err.InterfaceError(0, "canary"), Fault.OUTAGE),
        ("mysql", pymysql.err.ProgrammingError(1146, "canary"), Fault.NO_TABLES),
        ("mysql", pymysql.err.DataError(1406, "canary"), Fault.UNKNOWN),
    ],
    ids=lambda value: f"{type(value).__name__}-{value}" if isinstance(value, Exception) else str(value),
)
def test_what_a_code_means(database: str, original: Exception, fault: Fault) -> None:
    assert classify(wrapped(original), database) is fault


def test_a_lost_connection_is_told_from_other_outages() -> None:
    assert classify(wrapped(pg.OperationalError(), lost=True), "postgresql") is Fault.LOST_CONNECTION
    assert classify(wrapped(pg.AdminShutdown(), lost=True), "postgresql") is Fault.LOST_CONNECTION
    assert classify(wrapped(pymysql.err.OperationalError(2006, ""), lost=True), "mysql") is Fault.LOST_CONNECTION
    assert classify(wrapped(pg.UniqueViolation(), lost=True), "postgresql") is Fault.CONFLICT


def test_errors_of_sqlalchemy_itself() -> None:
    assert classify(exc.TimeoutError("QueuePool limit"), "postgresql") is Fault.OUTAGE
    assert classify(exc.InvalidRequestError("canary"), "postgresql") is Fault.UNKNOWN


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.CONFLICT, KeyStoreConflict),
        (Fault.CONTENTION, KeyStoreUnavailable),
        (Fault.OUTAGE, KeyStoreUnavailable),
        (Fault.LOST_CONNECTION, KeyStoreUnavailable),
        (Fault.NO_TABLES, KeyStoreNotReady),
        (Fault.UNKNOWN, KeyStoreError),
    ],
)
def test_each_fault_has_its_class(fault: Fault, kind: type[KeyStoreError]) -> None:
    assert type(translated(fault)) is kind
    assert translated(fault).hint


def test_an_outage_in_commit_does_not_promise_that_nothing_changed() -> None:
    assert "nothing was changed" in str(translated(Fault.LOST_CONNECTION))
    assert "nothing was changed" not in str(translated(Fault.LOST_CONNECTION, committing=True))
    assert "may have taken effect" in str(translated(Fault.OUTAGE, committing=True))
