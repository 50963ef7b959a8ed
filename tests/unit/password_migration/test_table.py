"""Which tables and ids are taken, and what is said about the others."""

from __future__ import annotations

from uuid import UUID

import pytest
from plugins.passwords_kit import Users, django_row, md5
from sqlalchemy import text

from fieldvault.errors import ConfigurationError
from fieldvault.password_migration import (
    Database,
    Declared,
    Kind,
    Migration,
    PasswordColumn,
    PasswordTable,
    PasswordTableError,
    Sorter,
    survey,
)
from fieldvault.password_migration.position import decoded, encoded
from fieldvault.passwords import CHEAPEST, Expression, PasswordHasher


def test_an_id_of_two_columns_is_read_in_order_and_resumed(people: Users) -> None:
    with people.connect() as connection:
        connection.execute(
            text("CREATE TABLE members (team TEXT, nr INTEGER, hash TEXT, PRIMARY KEY (team, nr))"),
        )
        rows = [{"team": team, "nr": nr, "hash": django_row(nr)["password"]} for nr in range(7) for team in "ab"]
        connection.execute(text("INSERT INTO members VALUES (:team, :nr, :hash)"), rows)
    with Database(people.url) as database:
        table = PasswordTable(database, PasswordColumn("members", "hash", ("team", "nr")))
        result = Migration(database, table, Sorter(), PasswordHasher(CHEAPEST), batch=3).run()
        assert survey(database, table, Sorter()).of(Kind.WRAPPED) == 14
    assert result.wrapped.total() == 14


@pytest.mark.parametrize(
    "position",
    [(1,), ("ä", 2), (b"\x00\xff",), (UUID(int=7),), (None,)],
    ids=["int", "two", "bytes", "uuid", "none"],
)
def test_a_position_comes_back_or_is_refused(position) -> None:
    if position == (None,):
        with pytest.raises(PasswordTableError):
            encoded(position)
    else:
        assert decoded(encoded(position)) == position


def test_an_id_that_is_not_unique_is_refused(people: Users) -> None:
    people.fill([])
    with Database(people.url) as database, pytest.raises(ConfigurationError, match="not unique"):
        PasswordTable(database, PasswordColumn("users", "password", ("salt",)))


@pytest.mark.parametrize("declared", [PasswordColumn("nobody", "password"), PasswordColumn("users", "hash")])
def test_what_is_not_there_is_named(people: Users, declared: PasswordColumn) -> None:
    people.fill([])
    with Database(people.url) as database, pytest.raises(PasswordTableError, match="has no"):
        PasswordTable(database, declared)


@pytest.mark.parametrize("url", ["canary", "sqlite+canary:///x", "oracle-canary://u:canary@h/d"])
def test_a_url_that_is_none_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Database(url)
    assert "u:canary" not in str(raised.value)


def test_two_schemes_that_both_fit_are_ambiguous_unless_a_column_says_which(people: Users) -> None:
    people.fill([{"id": 1, "password": md5("ab"), "salt": "b"}, {"id": 2, "password": md5("ba"), "salt": "a"}])
    first, second = Expression("md5(password+salt)"), Expression("md5(salt+password)")
    with Database(people.url) as database:
        table = PasswordTable(database, PasswordColumn("users", "password", others=("salt",)))
        both = Sorter([Declared("one", first, "salt"), Declared("two", second, "salt")])
        assert survey(database, table, both).counts == {(Kind.AMBIGUOUS, "one or two"): 2}
        told = Sorter(
            [Declared("one", first, "salt", "b"), Declared("two", second, "salt", "a")], scheme_from="salt"
        )
        assert survey(database, table, told).counts == {(Kind.LEGACY, "one"): 1, (Kind.LEGACY, "two"): 1}


def test_raw_digests_in_a_binary_column_become_bytes_of_the_wrapped_string(people: Users) -> None:
    with people.connect() as connection:
        connection.execute(text("CREATE TABLE raws (id INTEGER PRIMARY KEY, hash BLOB)"))
        connection.execute(text("INSERT INTO raws VALUES (1, :hash)"), {"hash": bytes.fromhex(md5("secret"))})
    scheme = Expression("md5(password)", form="raw")
    sorter = Sorter([Declared("raw", scheme)])
    with Database(people.url) as database:
        table = PasswordTable(database, PasswordColumn("raws", "hash"))
        from fieldvault.password_migration import KnownRow, prove

        assert (
            prove(database, table, sorter, PasswordHasher(CHEAPEST), [KnownRow((1,), "secret")]).proved["raw"] == 1
        )
        assert Migration(database, table, sorter, PasswordHasher(CHEAPEST)).run().wrapped["raw"] == 1
        found = database.read(lambda connection: table.by_id(connection, (1,)))
    assert found is not None
    assert isinstance(found.stored, bytes)
    assert PasswordHasher(CHEAPEST).verify("secret", found.stored.decode())
