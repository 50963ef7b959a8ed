"""What may be named as a key store's database, and what is never shown of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from plugins.keystore_kit import refused
from sqlalchemy import create_engine

from fieldvault.errors import ConfigurationError, KeyStoreError, MissingExtra
from fieldvault.keystore import SqlKeyStore
from fieldvault.keystore.sql_engine import engine_from_url

PASSWORD = "hunter2-canary"


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:///keys.db", "pysqlite"),
        ("postgresql://u@h/d", "psycopg"),
        ("postgresql+psycopg://u@h/d", "psycopg"),
        ("mysql://u@h/d", "pymysql"),
        ("mariadb://u@h/d", "pymysql"),
        ("mysql+pymysql://u@h/d", "pymysql"),
    ],
)
def test_a_url_without_a_driver_gets_ours(url: str, driver: str) -> None:
    engine = engine_from_url(url, 10)
    assert engine.dialect.driver == driver
    assert engine.hide_parameters


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:keys?mode=memory&cache=shared&uri=true",
        f"oracle://u:{PASSWORD}@h/d",
        f"nonsense://u:{PASSWORD}@h/d",
        f"postgresql+nonsense://u:{PASSWORD}@h/d",
        f"not a url with {PASSWORD}",
        f"postgresql://u:{PASSWORD}@h:port/d",
        "",
    ],
)
def test_what_cannot_be_a_key_store_is_refused_without_its_password(url: str) -> None:
    with refused(ConfigurationError, PASSWORD):
        SqlKeyStore(url)


def test_an_engine_in_memory_is_refused() -> None:
    with refused(ConfigurationError):
        SqlKeyStore(create_engine("sqlite://"))


def test_an_engine_has_its_own_timeouts() -> None:
    with refused(ConfigurationError):
        SqlKeyStore(create_engine("sqlite:///keys.db"), timeout=1)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://user:{PASSWORD}@host:5432/database",
        f"postgresql://host/database?user=x&password={PASSWORD}&sslpassword={PASSWORD}",
        f"mysql://user:{PASSWORD}@host/database?ssl_key={PASSWORD}",
    ],
)
def test_repr_shows_where_and_never_the_password(url: str) -> None:
    with SqlKeyStore(url) as store:
        assert PASSWORD not in repr(store)
        assert "host" in repr(store)
        assert "database" in repr(store)


def test_the_callers_engine_keeps_its_settings() -> None:
    engine = create_engine("postgresql+psycopg://u@h/d")
    SqlKeyStore(engine)
    assert not engine.hide_parameters
    assert engine.get_execution_options() == {}


@pytest.mark.parametrize(("url", "module", "extra"), [
    ("postgresql://u@h/d", "psycopg", "postgresql"),
    ("mysql://u@h/d", "pymysql", "mysql"),
    ("mariadb://u@h/d", "pymysql", "mysql"),
])  # fmt: skip
def test_a_missing_driver_names_its_extra(
    monkeypatch: pytest.MonkeyPatch, url: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with refused(MissingExtra) as caught:
        SqlKeyStore(url)
    assert caught.value.extra == extra


def test_without_sqlalchemy_the_sql_extra_is_named_and_the_memory_store_works() -> None:
    script = """
import sys
sys.modules["sqlalchemy"] = None
from fieldvault.errors import MissingExtra
import fieldvault.keystore
assert fieldvault.keystore.MemoryKeyStore().scopes() == []
try:
    fieldvault.keystore.SqlKeyStore
except MissingExtra as error:
    assert error.extra == "sql"
else:
    raise AssertionError("no error")
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    with SqlKeyStore(f"sqlite:///{tmp_path}/keys.db") as store:
        store.create()
    with refused(KeyStoreError):
        store.scopes()
