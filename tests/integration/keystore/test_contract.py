"""Every SQL key store keeps the port's contract: a SQLite file, PostgreSQL, and MariaDB where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from plugins.audit_heads_contract import AuditHeadsContract
from plugins.keystore_contract import KeyStoreContract
from sqlalchemy import create_engine, event

from fieldvault.keystore import SqlKeyStore
from fieldvault.ports import KeyStore


class TestSqlite(KeyStoreContract, AuditHeadsContract):
    @pytest.fixture
    def fresh(self, tmp_path: Path) -> Iterator[KeyStore]:
        with SqlKeyStore(f"sqlite:///{tmp_path}/keys.db") as store:
            yield store


class TestSqliteOfTheApplication(KeyStoreContract, AuditHeadsContract):
    """A pooled engine in WAL mode, with the transactions that SQLAlchemy's manual recommends."""

    @pytest.fixture
    def fresh(self, tmp_path: Path) -> Iterator[KeyStore]:
        engine = create_engine(f"sqlite:///{tmp_path}/app.db", connect_args={"timeout": 10}, pool_size=10)

        @event.listens_for(engine, "connect")
        def connect(connection: object, record: object) -> None:
            connection.isolation_level = None  # type: ignore[attr-defined]
            connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]

        @event.listens_for(engine, "begin")
        def begin(connection: object) -> None:
            connection.exec_driver_sql("BEGIN")  # type: ignore[attr-defined]

        with SqlKeyStore(engine) as store:
            yield store
        engine.dispose()


class TestPostgresql(KeyStoreContract, AuditHeadsContract):
    @pytest.fixture
    def fresh(self, postgresql_database: str) -> Iterator[KeyStore]:
        with SqlKeyStore(postgresql_database) as store:
            yield store


class TestMysql(KeyStoreContract, AuditHeadsContract):
    @pytest.fixture
    def fresh(self, mysql_database: str) -> Iterator[KeyStore]:
        with SqlKeyStore(mysql_database) as store:
            yield store
