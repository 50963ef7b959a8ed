"""The key store in Django's databases keeps the port's contract, and stays when the application rolls back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from plugins import django_site
from plugins.keystore_contract import KeyStoreContract
from plugins.keystore_kit import PII, data_key
from plugins.postgresql import PostgresqlServer

from fieldvault.errors import ConfigurationError, KeyStoreUnavailable
from fieldvault.keystore import SqlKeyStore
from fieldvault.ports import KeyStore

_numbers = iter(range(10_000))


@pytest.fixture(scope="module", autouse=True)
def configured() -> None:
    django_site.configure()


def store_in(**database: object) -> KeyStore:
    from fieldvault.contrib.django.keystore import key_store_in

    alias = f"keys{next(_numbers)}"
    django_site.add_database(alias, **database)
    return key_store_in(alias)


@pytest.fixture
def postgresql_alias(postgresql_server: PostgresqlServer, postgresql_database: str) -> dict[str, object]:
    return {
        "ENGINE": "django.db.backends.postgresql", "NAME": postgresql_database.rpartition("/")[2],
        "USER": "fieldvault", "HOST": "127.0.0.1", "PORT": str(postgresql_server.port),
    }  # fmt: skip


class TestSqlite(KeyStoreContract):
    @pytest.fixture
    def fresh(self, tmp_path: Path) -> KeyStore:
        return store_in(ENGINE="django.db.backends.sqlite3", NAME=str(tmp_path / "keys.db"))


class TestPostgresql(KeyStoreContract):
    @pytest.fixture
    def fresh(self, postgresql_alias: dict[str, object]) -> KeyStore:
        return store_in(**postgresql_alias)


def test_the_migration_makes_what_the_command_line_reads(
    postgresql_alias: dict[str, object], postgresql_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.core.management import call_command
    from django.test import override_settings

    from fieldvault.contrib.django.keystore import key_store_in

    django_site.add_database("migrated", **postgresql_alias)
    given = {"keyrings": "plugins.django_site.keys.build", "keystore": {"database": "migrated"}}
    with override_settings(FIELDVAULT=given):
        call_command("migrate", "fieldvault", database="migrated", verbosity=0)
        call_command("migrate", "fieldvault", database="migrated", verbosity=0)
    key_store_in("migrated").add_primary(data_key(), replaces=None)
    with SqlKeyStore(postgresql_database) as other:
        assert other.data_keys(PII) == [data_key()]


def test_a_key_stays_when_the_application_rolls_back(postgresql_alias: dict[str, object]) -> None:
    from django.db import connections, transaction

    from fieldvault.contrib.django.keystore import key_store_in

    django_site.add_database("rolled_back", **postgresql_alias)
    store = key_store_in("rolled_back")
    store.create()
    with transaction.atomic(using="rolled_back"):
        connections["rolled_back"].cursor().execute("SELECT 1")
        store.add_primary(data_key(), replaces=None)
        transaction.set_rollback(True, using="rolled_back")
    assert store.data_keys(PII) == [data_key()]
    connections["rolled_back"].close()


def test_it_answers_in_a_coroutine(tmp_path: Path) -> None:
    store = store_in(ENGINE="django.db.backends.sqlite3", NAME=str(tmp_path / "keys.db"))
    store.create()

    async def ask() -> list[object]:
        return list(store.data_keys(PII))

    assert asyncio.run(ask()) == []


def test_a_server_that_is_away_is_an_outage_that_shows_no_settings(postgresql_alias: dict[str, object]) -> None:
    store = store_in(**{**postgresql_alias, "PORT": "1", "PASSWORD": "canary"})
    with pytest.raises(KeyStoreUnavailable) as caught:
        store.data_keys(PII)
    assert "canary" not in f"{caught.value} {caught.value.__context__} {store!r}"


def test_an_alias_that_is_not_there_and_a_database_that_is_not_known_are_refused() -> None:
    from fieldvault.contrib.django.keystore import key_store_in

    with pytest.raises(ConfigurationError, match="nowhere"):
        key_store_in("nowhere")


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    from django.db import connections

    for alias in list(connections):
        if alias.startswith(("keys", "migrated", "rolled_back")):
            connections[alias].close()
