"""Tables of legacy passwords in every database, and what is in them, for the tests of the migration."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, DateTime, Integer, MetaData, String, Table, create_engine, insert, select
from sqlalchemy.pool import NullPool

from fieldvault.password_migration import (
    Database,
    Declared,
    KnownRow,
    Migration,
    PasswordColumn,
    PasswordTable,
    Sorter,
    prove,
)
from fieldvault.passwords import CHEAPEST, Expression, PasswordHasher

FORUM = Expression("md5(md5(password)+salt)")
metadata = MetaData()
users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("password", String(512)),
    Column("salt", String(20)),
    Column("last_login", DateTime),
)


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def password_of(number: int) -> str:
    return f"canary-password-{number}"


def forum_row(number: int) -> dict[str, Any]:
    """A row of `FORUM` with a salt of its own."""
    salt = f"salt{number}"
    return {"id": number, "password": md5(md5(password_of(number)) + salt), "salt": salt}


def django_row(number: int) -> dict[str, Any]:
    """A row of Django's MD5, which has a marker."""
    return {"id": number, "password": f"md5$s{number}${md5(f's{number}{password_of(number)}')}", "salt": None}


def mixed_rows(count: int) -> list[dict[str, Any]]:
    """Two of three of `FORUM`, one of Django's."""
    return [django_row(number) if number % 3 == 0 else forum_row(number) for number in range(1, count + 1)]


@dataclass(frozen=True)
class Users:
    """A table of users at a URL."""

    url: str

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.begin() as connection:
            yield connection

    def fill(self, rows: list[dict[str, Any]]) -> None:
        with self.connect() as connection:
            metadata.create_all(connection)
            for row in rows:  # one by one: their columns differ
                connection.execute(insert(users), row)

    def stored(self) -> dict[int, str]:
        with self.connect() as connection:
            return {row.id: row.password for row in connection.execute(select(users.c.id, users.c.password))}

    def set(self, number: int, stored: str) -> None:
        with self.connect() as connection:
            connection.execute(users.update().where(users.c.id == number).values(password=stored))

    @contextmanager
    def desk(self, **options: Any) -> Iterator[Desk]:
        with Database(self.url) as database:
            yield Desk(database, **options)


class Desk:
    """A migration's parts, put together."""

    def __init__(
        self, database: Database, *, hasher: PasswordHasher | None = None, others: tuple[str, ...] = ()
    ) -> None:
        self.database = database
        self.table = PasswordTable(database, PasswordColumn("users", "password", others=("salt", *others)))
        self.sorter = Sorter([Declared("forum", FORUM, salt="salt")])
        self.hasher = hasher or PasswordHasher(CHEAPEST)

    def prove(self, *numbers: int) -> None:
        known = [KnownRow((number,), password_of(number)) for number in numbers or (1,)]
        prove(self.database, self.table, self.sorter, self.hasher, known)

    def migration(self, **options: Any) -> Migration:
        return Migration(self.database, self.table, self.sorter, self.hasher, **options)


def all_verify(stored: dict[int, str], password: Callable[[int], str] = password_of) -> bool:
    """Whether every row is wrapped once, and verifies."""
    hasher = PasswordHasher(CHEAPEST)
    return all(
        one.startswith("$fvw1$") and one.count("$fvw1$") == 1 and hasher.verify(password(number), one)
        for number, one in stored.items()
    )
