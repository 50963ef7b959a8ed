"""The column that holds the stored passwords: how its rows are read in order and replaced one by one.

1. Rows are read in the order of their id, which must be unique; a page begins after the last id (keyset
   pagination), so a page costs the same at the end of the table as at its beginning.
2. A row is replaced only if it still holds what was read (compare and swap): a password that was changed meanwhile
   is newer than ours, and stays.
3. What is too long for the column is refused before it is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CHAR,
    Column,
    ColumnElement,
    LargeBinary,
    MetaData,
    Table,
    Update,
    and_,
    bindparam,
    cast,
    func,
    inspect,
    select,
    tuple_,
    update,
)
from sqlalchemy.engine import Connection
from sqlalchemy.exc import NoSuchTableError

from fieldvault.errors import ConfigurationError
from fieldvault.password_migration.database import Database
from fieldvault.password_migration.failures import PasswordTableError

Id = tuple[Any, ...]
PAGE = 2_000


@dataclass(frozen=True, slots=True)
class PasswordColumn:
    """What an operator declares: the table, the column(s) of its unique id, and the column of the passwords.

    `others` are further columns that are read with each row: salts, a column that names the scheme.
    """

    table: str
    column: str
    id: tuple[str, ...] = ("id",)
    others: tuple[str, ...] = ()
    schema: str | None = None

    @property
    def name(self) -> str:
        """E.g. `users.password`; what checkpoints are kept under."""
        return ".".join(part for part in (self.schema, self.table, self.column) if part is not None)


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was read. `stored` is None for a row without a password."""

    id: Id = field(repr=False)
    stored: str | bytes | None = field(repr=False)
    others: Mapping[str, Any] = field(repr=False)


class PasswordTable:
    """`PasswordColumn` as the database has it. Raises `PasswordTableError` where it is not there or unfit."""

    def __init__(self, database: Database, declared: PasswordColumn) -> None:
        self.declared = declared
        self.dialect = database.dialect
        self.reflected = database.read(self._reflect)
        self._ids = [self._column(name) for name in declared.id]
        self._stored = self._column(declared.column)
        self._others = [self._column(name) for name in declared.others]
        self._swap = self._compare_and_swap()

    @property
    def binary(self) -> bool:
        """Whether the column holds bytes."""
        return isinstance(self._stored.type, LargeBinary) or _python_type(self._stored) is bytes

    @property
    def width(self) -> int | None:
        """How many characters the column holds; None for no limit, or SQLite, which has none."""
        return None if self.dialect == "sqlite" else getattr(self._stored.type, "length", None)

    def check_width(self, longest: int) -> None:
        """Raises `PasswordTableError` if the column cannot hold `longest` characters, as they are."""
        padded = self._padded
        if padded or (self.width is not None and longest > self.width):
            problem = "pads what it holds with spaces" if padded else f"holds {self.width} characters"
            raise PasswordTableError(
                f"{self.declared.name} {problem}, and a hash needs {longest}",
                hint=f"widen the column first: {self._widening()}",
            )

    @property
    def _padded(self) -> bool:
        return isinstance(self._stored.type, CHAR) and self.dialect == "postgresql"

    def count(
        self, connection: Connection, after: Id | None = None, where: ColumnElement[bool] | None = None
    ) -> int:
        """The number of rows, or of those after an id."""
        query = select(func.count()).select_from(self.reflected)
        for condition in (self._after(after), where):
            if condition is not None:
                query = query.where(condition)
        return connection.execute(query).scalar_one()

    def page(self, connection: Connection, after: Id | None, limit: int) -> list[Row]:
        """The next rows in the order of their ids."""
        query = select(*self._ids, self._stored, *self._others).order_by(*self._ids).limit(limit)
        condition = self._after(after)
        return self._rows(connection, query if condition is None else query.where(condition))

    def by_id(self, connection: Connection, row_id: Id) -> Row | None:
        """One row."""
        query = select(*self._ids, self._stored, *self._others).where(self._is(row_id))
        return next(iter(self._rows(connection, query)), None)

    def replace(self, connection: Connection, changes: Sequence[tuple[Row, str]]) -> list[bool]:
        """Compare and swap: for each, whether the row still held what was read, and now holds the new string."""
        if not changes:
            return []
        given = [
            {"new": self._value(new), "old": row.stored, **{f"id_{at}": part for at, part in enumerate(row.id)}}
            for row, new in changes
        ]
        if connection.execute(self._swap, given).rowcount == len(changes):
            return [True] * len(changes)
        # Fewer, or a driver that does not count: the new strings have random salts, so who holds one was replaced.
        return [self._holds(connection, row.id, self._value(new)) for row, new in changes]

    def parse_id(self, parts: Sequence[str | int]) -> Id:
        """An id as a person writes it, as the database takes it. Raises `PasswordTableError`."""
        if len(parts) != len(self._ids):
            raise PasswordTableError(f"an id of {self.declared.table} has {len(self._ids)} part(s)")
        problem = "an id is not of the type of its column"
        with suppress(ValueError):  # raised below: the error would quote the id
            return tuple(
                UUID(str(part)) if _python_type(one) is UUID else int(part) if _python_type(one) is int else part
                for one, part in zip(self._ids, parts, strict=True)
            )
        raise PasswordTableError(problem)

    def _rows(self, connection: Connection, query: Any) -> list[Row]:
        ids, names = len(self._ids), self.declared.others
        return [
            Row(tuple(values[:ids]), self._as_stored(values[ids]), dict(zip(names, values[ids + 1 :], strict=True)))
            for values in connection.execute(query)
        ]

    def _as_stored(self, value: Any) -> str | bytes | None:
        if self._padded and isinstance(value, str):
            return value.rstrip(" ")  # CHAR(n) compares without them as well
        if value is None or isinstance(value, str | bytes):
            return value
        return bytes(value) if isinstance(value, bytearray | memoryview) else str(value)

    def _after(self, after: Id | None) -> ColumnElement[bool] | None:
        if after is None:
            return None
        if len(self._ids) == 1:
            return and_(self._ids[0] > after[0])
        given = tuple_(*(bindparam(None, part, one.type) for part, one in zip(after, self._ids, strict=True)))
        return tuple_(*self._ids) > given

    def _is(self, row_id: Id) -> ColumnElement[bool]:
        return and_(*(one == part for one, part in zip(self._ids, row_id, strict=True)))

    def _compare_and_swap(self) -> Update:
        old: ColumnElement[Any] = bindparam("old", type_=self._stored.type)
        stored: ColumnElement[Any] = self._stored
        if self.dialect in ("mysql", "mariadb") and not self.binary:
            # Its usual collations take upper and lower case for equal, and pass over spaces at the end.
            stored, old = cast(stored, LargeBinary), cast(old, LargeBinary)
        ids = [one == bindparam(f"id_{at}", type_=one.type) for at, one in enumerate(self._ids)]
        return update(self.reflected).where(*ids, stored == old).values({self._stored: bindparam("new")})

    def _holds(self, connection: Connection, row_id: Id, new: str | bytes) -> bool:
        found = self.by_id(connection, row_id)
        return found is not None and found.stored == new

    def _value(self, new: str) -> str | bytes:
        return new.encode() if self.binary else new

    def _column(self, name: str) -> Column[Any]:
        if name not in self.reflected.c:
            raise PasswordTableError(
                f"{self.declared.table} has no column {name}", hint=f"it has: {', '.join(self.reflected.c.keys())}"
            )
        return self.reflected.c[name]

    def _reflect(self, connection: Connection) -> Table:
        declared, found = self.declared, None
        with suppress(NoSuchTableError):
            found = Table(declared.table, MetaData(), schema=declared.schema, autoload_with=connection)
        if found is None:
            raise PasswordTableError(f"the database has no table {declared.table}", hint="check [passwords]")
        inspector = inspect(connection)
        keys = [inspector.get_pk_constraint(declared.table, declared.schema)["constrained_columns"]]
        keys += [one["column_names"] for one in inspector.get_unique_constraints(declared.table, declared.schema)]
        keys += [
            [name for name in one["column_names"] if name is not None]
            for one in inspector.get_indexes(declared.table, declared.schema)
            if one["unique"]
        ]
        if not any(key and set(key) <= set(declared.id) for key in keys):
            raise ConfigurationError(
                f"{', '.join(declared.id)} is not unique in {declared.table}", hint="name its primary key as the id"
            )
        return found

    def _widening(self) -> str:
        table, column = self.declared.name.rpartition(".")[0], self.declared.column
        if self.dialect in ("mysql", "mariadb"):
            return f"ALTER TABLE {table} MODIFY {column} VARCHAR(512)"
        return f"ALTER TABLE {table} ALTER COLUMN {column} TYPE VARCHAR(512)"


def pages(database: Database, table: PasswordTable, *, size: int = PAGE) -> Iterator[Sequence[Row]]:
    """Every row, a page at a time; each page is a transaction of its own."""
    after: Id | None = None
    while rows := database.read(lambda connection, after=after: table.page(connection, after, size)):  # type: ignore[misc]
        yield rows
        after = rows[-1].id


def _python_type(column: Column[Any]) -> type[Any] | None:
    try:
        return column.type.python_type
    except NotImplementedError:
        return None
