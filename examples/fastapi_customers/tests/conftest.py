"""The application on an empty database, and a client of it. DATABASE_URL names the server; see the Makefile."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_client import Client
from sqlalchemy import create_engine, text

PASSPHRASE = "correct horse battery staple"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("customers-api")


@pytest.fixture(scope="session")
def config(folder: Path) -> Path:
    """The configuration that FIELDVAULT_CONFIG names, else a local KEK of the tests' own."""
    from fieldvault.kek.local import LocalKek, Passphrase

    if "FIELDVAULT_CONFIG" in os.environ:
        return Path(os.environ["FIELDVAULT_CONFIG"])
    os.environ["FIELDVAULT_KEK_PASSPHRASE"] = PASSPHRASE
    LocalKek.create(folder / "fieldvault.kek", Passphrase(lambda: PASSPHRASE))
    file = folder / "fieldvault.toml"
    file.write_text('[kek]\nkind = "local"\nfile = "fieldvault.kek"\n[keystore]\n')
    return file


@pytest.fixture(scope="session")
def app(folder: Path, config: Path) -> Iterator[Any]:
    """One application for all tests; each test has a tenant of its own."""
    os.environ["AUDIT_LOG"] = str(folder / "audit.jsonl")  # before the models are imported, whose gate writes there
    from customers_api.app import create_app
    from customers_api.settings import Caller, Settings

    callers = {f"{tenant}-{user}": Caller(tenant, user) for tenant in TENANTS for user in ("ann", "jo")}
    app = create_app(Settings(os.environ["DATABASE_URL"], callers, config))
    yield app
    app.state.engine.dispose()


TENANTS = [f"tenant{number}" for number in range(100)]


_TENANTS_LEFT = iter(TENANTS)


@pytest.fixture
def tenant() -> str:
    """A tenant that has no rows yet."""
    return next(_TENANTS_LEFT)


@pytest.fixture
def client(app: Any, tenant: str) -> Client:
    return Client(app, f"{tenant}-ann")


@pytest.fixture
def stored(app: Any) -> Iterator[Any]:
    """What the database holds, read by SQL behind the application's back, all of it as one text."""
    engine = create_engine(os.environ["DATABASE_URL"])

    def read(table: str) -> str:
        with engine.connect() as connection:
            rows = connection.execute(text(f"SELECT * FROM {table}")).all()
        return "\n".join(repr([bytes(one) if isinstance(one, memoryview) else one for one in row]) for row in rows)

    yield read
    engine.dispose()


@pytest.fixture
def events(folder: Path, tenant: str) -> Any:
    """The audit events of this test's tenant."""

    def read() -> list[dict[str, Any]]:
        log = folder / "audit.jsonl"
        lines = log.read_text().splitlines() if log.exists() else []
        return [event for event in map(json.loads, lines) if event.get("tenant") == tenant]

    return read
