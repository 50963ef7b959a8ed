"""The token table on SQLite and PostgreSQL: the contract, eight writers at once, outages, what is in the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from plugins.keystore_kit import in_children, in_threads, refused
from plugins.pseudonyms_kit import made_domain
from plugins.token_table_contract import HERE, TokenTableContract, record
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from fieldvault.errors import TokenTableError, TokenTableUnavailable
from fieldvault.pseudonyms import Domain, LookupToken
from fieldvault.testing import memory_keyrings
from fieldvault.token_table import SqlTokenTable


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tokens.db'}"
    return str(request.getfixturevalue("postgresql_database"))


@pytest.fixture
def table(url: str) -> Iterator[SqlTokenTable]:
    with SqlTokenTable(url) as table:
        table.create()
        yield table


class TestSqlTokenTable(TokenTableContract):
    pass


def test_eight_writers_give_one_value_one_token(url: str, table: SqlTokenTable) -> None:
    keyrings = memory_keyrings()
    made_domain(keyrings=keyrings, table=table)
    values = [f"person{number % 150}@example.com" for number in range(300)]

    def write(writer: int) -> list[str]:
        with SqlTokenTable(url) as own:
            domain = Domain("research", keyrings, tenant="acme", table=own)
            mine = values[writer:] + values[:writer]
            return [
                token
                for at in range(0, 300, 50)
                for token in domain.pseudonymise_column(LookupToken("email"), mine[at : at + 50])
            ]

    seen = [
        dict(zip(values[writer:] + values[:writer], one, strict=True))
        for writer, one in enumerate(in_threads(write))
    ]
    assert len(seen[0]) == 150
    assert all(one == seen[0] for one in seen)
    assert len(set(seen[0].values())) == 150


def test_a_forked_child_opens_its_own_connections(table: SqlTokenTable) -> None:
    table.add(HERE, [record(1, 1)])

    def work(child: int) -> int:
        table.add(HERE, [record(child + 10, child + 10)])
        return len(table.records(HERE, [record(1).token]))

    assert in_children(work, 4) == [1, 1, 1, 1]
    assert len(table.records(HERE, [record(number).token for number in (1, 10, 11, 12, 13)])) == 5


def test_a_table_that_is_not_there(url: str) -> None:
    with SqlTokenTable(url) as table, refused(TokenTableUnavailable):
        table.records(HERE, [b"\0" * 16])


def test_a_malformed_row_is_no_driver_error(url: str, table: SqlTokenTable) -> None:
    table.add(HERE, [record(1, 1)])
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("UPDATE fieldvault_tokens SET created_at = 'canary'"))
    with refused(TokenTableError, "canary"):
        table.records(HERE, [record(1).token])


def test_a_duplicate_token_is_refused_without_its_row(table: SqlTokenTable) -> None:
    table.add(HERE, [record(1, 1)])
    with refused(TokenTableError, "sealed"):
        table.add(HERE, [record(1, 2)])


def test_a_new_sqlite_file_is_its_owners_and_erased_rows_are_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "tokens.db"
    with SqlTokenTable(f"sqlite:///{path}") as table:
        table.create()
        assert path.stat().st_mode & 0o777 == 0o600
        table.add(HERE, [record(number, number) for number in range(200)])
        assert b"sealed 77" in path.read_bytes()
        table.erase(HERE)
    assert b"sealed 77" not in path.read_bytes()
    nowhere = SqlTokenTable(f"sqlite:///{tmp_path / 'no-folder' / 'tokens.db'}")
    with nowhere, refused(TokenTableUnavailable):
        nowhere.create()


def test_no_password_in_repr() -> None:
    with SqlTokenTable("postgresql://user:canary@127.0.0.1:1/tokens", timeout=1) as table:
        assert "canary" not in repr(table)
        with refused(TokenTableUnavailable, "canary"):
            table.records(HERE, [b"\0" * 16])


def test_a_server_that_stops_is_an_outage(postgresql_database: str) -> None:
    with SqlTokenTable(postgresql_database) as table:
        table.create()
        engine = create_engine(postgresql_database, poolclass=NullPool)
        with engine.connect() as connection:
            kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fieldvault'"
            connection.execute(text(kill))
        assert table.records(HERE, [b"\0" * 16]) == {}, "a dead connection is replaced"
