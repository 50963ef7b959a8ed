"""The shop on SQLite and on PostgreSQL: each test runs on both, in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from plugins import django_site
from plugins.django_site import ROUTED, keys
from plugins.postgresql import PostgresqlServer


@pytest.fixture(scope="session")
def shop_databases(postgresql_server: PostgresqlServer) -> Iterator[None]:
    django_site.configure()
    from django.db import connections

    postgresql_server.execute("CREATE DATABASE django_shop")
    django_site.add_database(
        "postgresql",
        ENGINE="django.db.backends.postgresql",
        NAME="django_shop",
        USER="fieldvault",
        HOST="127.0.0.1",
        PORT=str(postgresql_server.port),
    )
    for alias in ("sqlite", "postgresql"):
        django_site.create_tables(alias)
    yield
    connections.close_all()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(shop_databases: None, request: pytest.FixtureRequest) -> Iterator[str]:
    """The alias that the ORM uses, with keys of this test's own. What is committed stays: see `shop`."""
    from django.db import connections

    # Not the connection of a test before: a fault test may have restarted the server that all share.
    connections[request.param].close()
    ROUTED.alias = request.param
    keys.renew()
    keys.AUDIT.events.clear()
    yield request.param
    ROUTED.alias = None


@pytest.fixture
def shop(database: str) -> Iterator[str]:
    """`database`, in a transaction and in the scope of acme."""
    from django.db import transaction

    import fieldvault

    with transaction.atomic(using=database), fieldvault.scope(tenant="acme", actor="tester"):
        yield database
        transaction.set_rollback(True, using=database)


@pytest.fixture
def m(shop: str) -> Any:
    """The shop's models."""
    from plugins.django_site.shop import models

    return models
