"""The PostgreSQL key store when the server stops, sessions are ended, rows are locked, or two wait in a circle."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from plugins.keystore_kit import MOMENT, PII, data_key, in_threads, refused, subject_key
from plugins.postgresql import PostgresqlServer, free_port
from sqlalchemy import Connection, create_engine, event, text

from fieldvault.core.context import Scope
from fieldvault.errors import KeyStoreConflict, KeyStoreNotReady, KeyStoreUnavailable
from fieldvault.keystore import SqlKeyStore

CALLS: list[Callable[[SqlKeyStore], Any]] = [
    lambda store: store.scopes(),
    lambda store: store.data_keys(PII),
    lambda store: store.add_primary(data_key(version=2), replaces=data_key().key_id),
    lambda store: store.lease_uses(data_key().key_id, 1, limit=10),
    lambda store: store.subject_keys(PII, ["bob"]),
    lambda store: store.add_subject_keys([subject_key("eve")]),
    lambda store: store.shred_subjects(PII, ["bob"], at=MOMENT),
    lambda store: store.destroy_data_key(data_key().key_id),
    lambda store: store.create(),
]


@pytest.fixture
def store(postgresql_database: str) -> Iterator[SqlKeyStore]:
    with SqlKeyStore(postgresql_database, timeout=2) as store:
        store.create()
        store.add_primary(data_key(), replaces=None)
        store.add_subject_keys([subject_key("bob")])
        yield store


def plain(url: str) -> str:
    return url.replace("+psycopg", "")


def end_sessions(url: str) -> None:
    """End every other session on this database, as an administrator or a fail-over does."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.mark.parametrize("call", CALLS)
def test_a_stopped_server_is_an_outage_and_a_started_one_serves_again(
    store: SqlKeyStore, postgresql_server: PostgresqlServer, call: Callable[[SqlKeyStore], Any]
) -> None:
    postgresql_server.stop()
    try:
        with refused(KeyStoreUnavailable, "bob", "eve"):
            call(store)
    finally:
        postgresql_server.start()
    assert store.data_keys(PII) == [data_key()]
    call(store)


def test_a_stopped_server_is_an_outage_for_a_pool_of_the_application(
    postgresql_database: str, postgresql_server: PostgresqlServer
) -> None:
    engine = create_engine(postgresql_database)
    with SqlKeyStore(engine) as store:
        store.create()
        postgresql_server.stop()
        try:
            with refused(KeyStoreUnavailable):
                store.add_primary(data_key(), replaces=None)
        finally:
            postgresql_server.start()
        store.add_primary(data_key(), replaces=None)
        with refused(KeyStoreConflict):
            store.add_primary(data_key(key_id=bytes(16)), replaces=None)
    engine.dispose()


def test_sessions_that_were_ended_between_two_calls_are_not_noticed(postgresql_database: str) -> None:
    engine = create_engine(postgresql_database)  # without pool_pre_ping
    with SqlKeyStore(engine) as store:
        store.create()
        for version in range(1, 4):
            end_sessions(postgresql_database)
            store.add_primary(
                data_key(version=version), replaces=None if version == 1 else data_key(version=version - 1).key_id
            )
        assert [record.version for record in store.data_keys(PII)] == [1, 2, 3]
    engine.dispose()


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_connection_lost_in_commit_is_not_tried_again_and_says_that_the_outcome_is_unknown(
    postgresql_database: str, takes_effect: bool
) -> None:
    engine = create_engine(postgresql_database)
    commits = []

    with SqlKeyStore(engine) as store:
        store.create()
        store.add_primary(data_key(), replaces=None)

        @event.listens_for(engine, "commit")
        def lose(connection: Any) -> None:
            commits.append(connection)
            if takes_effect:
                connection.connection.driver_connection.commit()
                connection.connection.driver_connection.execute("SELECT 1")  # so that there is a COMMIT to lose
            end_sessions(postgresql_database)

        with refused(KeyStoreUnavailable) as caught:
            store.lease_uses(data_key().key_id, 5, limit=100)
        assert "may have taken effect" in str(caught.value)
        assert len(commits) == 1
        event.remove(engine, "commit", lose)
        assert store.data_keys(PII)[0].uses == (5 if takes_effect else 0)
    engine.dispose()


def test_a_lost_connection_before_commit_is_tried_again_once(postgresql_database: str) -> None:
    engine = create_engine(postgresql_database)
    lost = []

    with SqlKeyStore(engine) as store:
        store.create()
        store.add_primary(data_key(), replaces=None)

        @event.listens_for(engine, "before_cursor_execute")
        def lose(connection: Any, cursor: Any, statement: str, *rest: object) -> None:
            if statement.startswith("INSERT INTO fieldvault_data_keys") and len(lost) < allowed:
                lost.append(statement)
                end_sessions(postgresql_database)

        allowed = 2
        with refused(KeyStoreUnavailable):
            store.add_primary(data_key(version=2), replaces=data_key().key_id)
        assert store.data_keys(PII) == [data_key()], "not even demoted"
        allowed = 3
        store.add_primary(data_key(version=2), replaces=data_key().key_id)
        assert len(lost) == 3
        assert [record.version for record in store.data_keys(PII)] == [1, 2]
    engine.dispose()


def test_a_row_locked_by_somebody_else_is_an_outage(store: SqlKeyStore, postgresql_database: str) -> None:
    with psycopg.connect(plain(postgresql_database)) as other:
        other.execute("SELECT * FROM fieldvault_data_keys FOR UPDATE")
        with refused(KeyStoreUnavailable):
            store.lease_uses(data_key().key_id, 1, limit=10)
        with refused(KeyStoreUnavailable):
            store.add_primary(data_key(version=2), replaces=data_key().key_id)
    store.add_primary(data_key(version=2), replaces=data_key().key_id)


def test_a_deadlock_is_resolved_by_trying_again(store: SqlKeyStore) -> None:
    ids = [data_key().key_id, data_key(Scope("other", "pii")).key_id]
    store.add_primary(data_key(Scope("other", "pii")), replaces=None)
    both_hold_one = threading.Barrier(2)
    tries = []

    def work(index: int) -> None:
        def crossing(connection: Connection) -> None:
            tries.append(index)
            statement = text("UPDATE fieldvault_data_keys SET uses = uses + 1 WHERE key_id = :key_id")
            connection.execute(statement, {"key_id": ids[index]})
            if tries.count(index) == 1:
                both_hold_one.wait(30)
            connection.execute(statement, {"key_id": ids[1 - index]})

        store._database.write(crossing)

    in_threads(work, 2)
    assert len(tries) == 3
    assert store.data_keys(PII)[0].uses == 2


def test_a_standby_that_only_reads_is_an_outage_for_writers(postgresql_database: str, store: SqlKeyStore) -> None:
    url = postgresql_database + "?options=-c%20default_transaction_read_only%3Don"
    with SqlKeyStore(url) as standby:
        assert standby.data_keys(PII) == [data_key()]
        with refused(KeyStoreUnavailable):
            standby.lease_uses(data_key().key_id, 1, limit=10)


def test_a_database_that_does_not_exist_or_has_no_tables(
    postgresql_server: PostgresqlServer, postgresql_database: str
) -> None:
    with SqlKeyStore(postgresql_server.url("nowhere")) as store, refused(KeyStoreUnavailable):
        store.scopes()
    with SqlKeyStore(f"postgresql://fieldvault@127.0.0.1:{free_port()}/x") as store, refused(KeyStoreUnavailable):
        store.scopes()
    with SqlKeyStore(postgresql_database) as store, refused(KeyStoreNotReady):
        store.scopes()


def test_a_user_without_rights_is_an_outage(store: SqlKeyStore, postgresql_database: str) -> None:
    with psycopg.connect(plain(postgresql_database), autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS nobody_special")
        connection.execute("CREATE ROLE nobody_special LOGIN")
    url = postgresql_database.replace("fieldvault@", "nobody_special@")
    with SqlKeyStore(url) as other, refused(KeyStoreUnavailable):
        other.scopes()
