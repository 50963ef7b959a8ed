"""The guide's table of operations: every row, on SQLite and PostgreSQL, by sync and asyncio sessions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from integration.contrib.sqlalchemy_operations import queries, reading, statements, writing
from integration.contrib.sqlalchemy_operations.base import OPERATIONS
from plugins.sqlalchemy_kit import Database, async_engine

MODULES = (writing, reading, queries, statements)
GUIDE = Path(__file__).parents[3] / "docs/guide/sqlalchemy-operations.md"


@pytest.fixture(params=["sync", "asyncio"])
def database(request: pytest.FixtureRequest, orm: Database) -> Database:
    if request.param == "asyncio":
        orm.async_engine = async_engine(orm.engine)
    return orm


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation(name: str, database: Database) -> None:
    database.run(OPERATIONS[name])


def test_the_guide_has_these_rows() -> None:
    rows = re.findall(r"^\| (.+?) \| (?:works|raises|sealed)", GUIDE.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(OPERATIONS)
