"""Databases of the models with encrypted attributes: one SQLite file and one PostgreSQL database for the session.

The models are imported when a test asks for a database: mapping them is not for every run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from plugins.postgresql import PostgresqlServer

if TYPE_CHECKING:
    from plugins.sqlalchemy_kit import Database
    from sqlalchemy import Engine


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def orm_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    from plugins.sqlalchemy_models import Base
    from sqlalchemy import create_engine

    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path_factory.mktemp('orm') / 'orm.db'}")
    else:
        server: PostgresqlServer = request.getfixturevalue("postgresql_server")
        server.execute("CREATE DATABASE orm")
        engine = create_engine(server.url("orm"))
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()
    if request.param == "postgresql":
        server.execute("DROP DATABASE orm WITH (FORCE)")


@pytest.fixture
def orm(orm_engine: Engine) -> Iterator[Database]:
    """An empty database, with keyrings that have no key yet."""
    from plugins.sqlalchemy_kit import Database

    database = Database(orm_engine)
    database.protect()
    yield database
    database.empty()
