"""What the SQL key store promises beyond the port: readable tables, constraints, no secrets, manners in a pool."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plugins.keystore_kit import MOMENT, PII, data_key, refused, subject_key
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import IntegrityError, OperationalError

from fieldvault.errors import KeyStoreConflict, KeyStoreError, KeyStoreNotReady
from fieldvault.keystore import SqlKeyStore

CANARY = "canary-4711"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqlKeyStore]:
    with SqlKeyStore(f"sqlite:///{path}") as store:
        store.create()
        yield store


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{path}", echo="debug", pool_size=1, max_overflow=0)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def url(request: pytest.FixtureRequest, path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{path}"
    return str(request.getfixturevalue(f"{request.param}_database"))


def altered(path: Path, *statements: str) -> None:
    """What a person or another program did to the tables."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


# --- The file -------------------------------------------------------------------------------------


def test_a_new_file_is_its_owners_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with SqlKeyStore(f"sqlite:///{tmp_path}/keys.db") as store:
            store.create()
            store.add_primary(data_key(), replaces=None)
    finally:
        os.umask(before)
    assert {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()} == {"keys.db": "0o600"}


def test_the_applications_file_keeps_its_mode(path: Path) -> None:
    path.touch(0o640)
    path.chmod(0o640)
    with SqlKeyStore(f"sqlite:///{path}") as store:
        store.create()
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_missing_file_is_not_created_by_a_question(path: Path) -> None:
    with SqlKeyStore(f"sqlite:///{path}") as store, refused(KeyStoreNotReady):
        store.scopes()
    assert not path.exists()


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_destroyed_key_leaves_no_copy_in_the_files(path: Path, engine: Engine, journal: str) -> None:
    altered(path, f"PRAGMA journal_mode = {journal}")

    @event.listens_for(engine, "connect")
    def careless(connection: Any, record: object) -> None:
        connection.execute("PRAGMA secure_delete = OFF")  # the default, except in some distributions' builds

    # Another connection of the application keeps a WAL from being deleted when ours is closed.
    application = sqlite3.connect(path)
    with SqlKeyStore(engine) as store:
        store.create()
        store.add_primary(data_key(wrapped=b"<data-key-canary>" * 3), replaces=None)
        names = [f"subject {number}" for number in range(50)]
        store.add_subject_keys([subject_key(name, wrapped=b"<subject-key-canary>" * 3) for name in names])
        application.execute("SELECT 1 FROM fieldvault_data_keys").fetchall()

        def content() -> bytes:
            return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))

        assert b"<data-key-canary>" in content()
        assert b"<subject-key-canary>" in content()
        store.shred_subjects(PII, names, at=MOMENT)
        assert b"<subject-key-canary>" not in content()
        store.destroy_data_key(data_key().key_id)
        assert b"<data-key-canary>" not in content()
        assert b"subject 7" not in content()
    application.close()


# --- The tables -----------------------------------------------------------------------------------


def test_a_person_can_read_the_tables(url: str) -> None:
    with SqlKeyStore(url) as store:
        store.create()
        store.add_primary(data_key(), replaces=None)
        store.add_primary(data_key(version=2), replaces=data_key().key_id)
        store.add_subject_keys([subject_key("bob"), subject_key("eve")])
        store.shred_subjects(PII, ["eve"], at=MOMENT)
    engine = create_engine(url)
    with engine.connect() as connection:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in connection.execute(text(query))]

        time = "2026-01-31T09:05:07.000042Z"
        assert rows("SELECT * FROM fieldvault_key_store") == [(1,)]
        assert rows("SELECT * FROM fieldvault_data_keys ORDER BY version") == [
            (data_key().key_id, "acme", "pii", 1, "decrypt-only", None, "local:test", data_key().wrapped, time, 0),
            (
                data_key(version=2).key_id, "acme", "pii", 2, "active", 1, "local:test",
                data_key(version=2).wrapped, time, 0,
            ),
        ]  # fmt: skip
        bob = subject_key("bob")
        assert rows("SELECT * FROM fieldvault_subject_keys") == [
            (bob.key_id, "acme", "pii", "bob", bob.wrapped, time)
        ]
        assert rows("SELECT * FROM fieldvault_shredded_keys") == [(subject_key("eve").key_id, time)]
    engine.dispose()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE fieldvault_data_keys SET state = 'active', primary_slot = 1",
        "UPDATE fieldvault_data_keys SET state = 'active' WHERE version = 1",
        "UPDATE fieldvault_data_keys SET primary_slot = NULL",
        "UPDATE fieldvault_data_keys SET primary_slot = 2 WHERE version = 2",
        "UPDATE fieldvault_data_keys SET version = 1",
        "UPDATE fieldvault_data_keys SET version = 0 WHERE version = 1",
        "UPDATE fieldvault_data_keys SET uses = -1",
        "UPDATE fieldvault_data_keys SET state = 'retired' WHERE version = 1",
        "UPDATE fieldvault_data_keys SET state = 'destroyed' WHERE version = 1",
        "UPDATE fieldvault_data_keys SET wrapped = NULL",
        "UPDATE fieldvault_subject_keys SET subject = 'bob'",
    ],
)
def test_the_database_itself_keeps_the_rules(url: str, change: str) -> None:
    with SqlKeyStore(url) as store:
        store.create()
        store.add_primary(data_key(), replaces=None)
        store.add_primary(data_key(version=2), replaces=data_key().key_id)
        store.add_subject_keys([subject_key("bob"), subject_key("eve")])
    engine = create_engine(url)
    with engine.connect() as connection, pytest.raises((IntegrityError, OperationalError)):
        connection.execute(text(change))
    engine.dispose()


@pytest.mark.parametrize("content", [[], [2], [1, 2]])
def test_tables_of_another_format_are_refused_and_left_alone(
    store: SqlKeyStore, path: Path, content: list[int]
) -> None:
    altered(path, "DELETE FROM fieldvault_key_store")
    altered(path, *(f"INSERT INTO fieldvault_key_store VALUES ({version})" for version in content))
    with SqlKeyStore(f"sqlite:///{path}") as other:
        with refused(KeyStoreNotReady):
            other.scopes()
        if content:
            with refused(KeyStoreNotReady):
                other.create()
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT format_version FROM fieldvault_key_store").fetchall() == [
        (version,) for version in content
    ]
    connection.close()


def test_tables_that_vanish_are_noticed(store: SqlKeyStore, path: Path) -> None:
    assert store.scopes() == []
    altered(path, "DROP TABLE fieldvault_data_keys")
    with refused(KeyStoreNotReady):
        store.scopes()
    store.create()
    assert store.scopes() == []


@pytest.mark.parametrize(
    "change",
    [
        f"UPDATE fieldvault_data_keys SET state = '{CANARY}'",
        f"UPDATE fieldvault_data_keys SET created_at = '{CANARY}'",
        f"UPDATE fieldvault_data_keys SET wrapped = '{CANARY}'",
        f"UPDATE fieldvault_data_keys SET version = '{CANARY}'",
        f"UPDATE fieldvault_data_keys SET key_id = CAST('{CANARY}' AS BLOB)",
        f"UPDATE fieldvault_data_keys SET kek = CAST(X'FF' || '{CANARY}' AS TEXT)",
        "UPDATE fieldvault_data_keys SET wrapped = NULL",
    ],
)
def test_a_malformed_row_is_a_typed_error(store: SqlKeyStore, path: Path, change: str) -> None:
    store.add_primary(data_key(), replaces=None)
    altered(path, change)
    with refused(KeyStoreError, CANARY):
        store.data_keys(PII)


def test_a_broken_constraint_that_is_not_uniqueness_is_neither_conflict_nor_outage(
    store: SqlKeyStore, path: Path
) -> None:
    trigger = "CREATE TRIGGER t BEFORE INSERT ON fieldvault_data_keys BEGIN SELECT RAISE(ABORT, 'no'); END"
    altered(path, trigger)
    with refused(KeyStoreError):
        store.add_primary(data_key(), replaces=None)
    assert store.data_keys(PII) == []


# --- The caller's engine --------------------------------------------------------------------------


def test_the_callers_pool_gets_its_connection_back_as_it_was(engine: Engine) -> None:
    def settings() -> list[Any]:
        with engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            pragmas = ["synchronous", "secure_delete", "journal_mode", "busy_timeout"]
            values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
            return [*values, raw.isolation_level, raw.in_transaction, id(raw)]

    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA synchronous = 1")
    before = settings()
    with SqlKeyStore(engine) as store:
        store.create()
        store.add_primary(data_key(), replaces=None)
        store.add_subject_keys([subject_key("bob")])
        store.shred_subjects(PII, ["bob"], at=MOMENT)
        with refused(KeyStoreConflict):
            store.add_primary(data_key(), replaces=None)
    assert settings() == before, "the same connection, with the same settings"


def test_writes_run_under_our_settings_even_in_the_callers_pool(engine: Engine) -> None:
    seen: list[tuple[Any, Any]] = []

    @event.listens_for(engine, "before_cursor_execute")
    def watch(connection: Any, cursor: Any, statement: str, *rest: object) -> None:
        if statement.startswith("INSERT INTO fieldvault_data_keys"):
            raw = connection.connection.driver_connection
            seen.append(
                (raw.execute("PRAGMA synchronous").fetchone()[0], raw.execute("PRAGMA secure_delete").fetchone()[0])
            )

    with SqlKeyStore(engine) as store:
        store.create()
        store.add_primary(data_key(), replaces=None)
    assert seen == [(3, 1)]


def test_nothing_personal_and_no_wrapped_key_in_the_echo_or_in_errors(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrapped = CANARY.encode() * 2
    with SqlKeyStore(engine) as store:
        store.create()
        store.add_primary(data_key(wrapped=wrapped), replaces=None)
        store.add_subject_keys([subject_key(CANARY, wrapped=wrapped)])
        with engine.begin() as connection:
            trigger = (
                "CREATE TRIGGER t BEFORE INSERT ON fieldvault_subject_keys BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
            connection.exec_driver_sql(trigger)
        with refused(KeyStoreError, CANARY):
            store.add_subject_keys([subject_key(CANARY + "2", wrapped=wrapped)])
        with refused(KeyStoreConflict, CANARY):
            store.add_primary(data_key(wrapped=wrapped), replaces=None)
        assert store.data_keys(PII)[0].wrapped == wrapped
        assert list(store.subject_keys(PII, [CANARY])) == [CANARY]
    assert "INSERT INTO fieldvault_data_keys" in caplog.text, "the echo is on"
    assert CANARY not in caplog.text


def test_closing_leaves_the_callers_engine_open(engine: Engine) -> None:
    with SqlKeyStore(engine) as store:
        store.create()
        pool = engine.pool
    assert engine.pool is pool
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
