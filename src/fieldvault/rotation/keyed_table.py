"""A table of an application's database whose rows were sealed by a schema, read in the order of a unique key.

Rules of this file:

1. Rows are read in the order of their key (keyset pagination): a page costs the same at the end of the table.
2. Columns are named, never reflected: what the database has of the table otherwise is nobody's business here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, cast
from uuid import UUID

from fieldvault.columns.form import BinaryForm, Form
from fieldvault.errors import MissingExtra, SchemaError
from fieldvault.schema import Schema

try:
    from sqlalchemy import ColumnElement, column, func, select, text, true, tuple_
    from sqlalchemy import table as table_clause
    from sqlalchemy.engine import Connection, Engine
except ModuleNotFoundError:
    raise MissingExtra("the rotation of keys in a table", extra="sql") from None

Key = tuple[Any, ...]
_HEXADECIMAL = re.compile("[0-9a-f]{32}")


class KeyedTable:
    """`name` may be `schema.table`. `key` are the columns of a unique key, by default the schema's row id.

    `tenant_column` is the column that says whose a row is, where the table has rows of several tenants. `form` is
    how cells are written. `names` are the columns that are read or written besides the key.
    """

    def __init__(
        self,
        engine: Engine,
        schema: Schema,
        name: str,
        names: Iterable[str],
        *,
        key: Sequence[str],
        tenant_column: str | None,
        form: Form | None,
    ) -> None:
        self.engine = engine
        self.schema = schema
        self.name = name
        self.key = tuple(key) or schema.row_id
        self.tenant_column = tenant_column
        self.form = form or BinaryForm()
        if not self.key:
            raise SchemaError(f"{schema.name} has no row id", hint="name the columns of a unique key: key=(…)")
        namespace, _, bare = name.rpartition(".")
        known = dict.fromkeys((*self.key, *names, *([tenant_column] if tenant_column else [])))
        self.clause = table_clause(bare, *map(column, known), schema=namespace or None)
        self.key_columns = [self.clause.c[one] for one in self.key]

    @property
    def bound_to(self) -> tuple[str, ...]:
        """The columns that values are bound to: row id and subject."""
        subject = () if self.schema.subject is None else (self.schema.subject.field,)
        return tuple(dict.fromkeys((*self.schema.row_id, *subject)))

    def of(self, tenant: str | None) -> ColumnElement[bool]:
        """The rows of a tenant."""
        if self.tenant_column is None or tenant is None:
            return true()
        return self.clause.c[self.tenant_column] == tenant

    def after(self, key: Key) -> ColumnElement[bool]:
        """The rows behind one."""
        if len(self.key) == 1:
            return cast("ColumnElement[bool]", self.key_columns[0] > key[0])
        behind: ColumnElement[bool] = tuple_(*self.key_columns) > tuple_(*key)
        return behind

    def up_to(self, key: Key) -> ColumnElement[bool]:
        """The rows as far as one, that one included."""
        if len(self.key) == 1:
            return cast("ColumnElement[bool]", self.key_columns[0] <= key[0])
        within: ColumnElement[bool] = tuple_(*self.key_columns) <= tuple_(*key)
        return within

    def count(self, connection: Connection, tenant: str | None, where: ColumnElement[bool]) -> int:
        """The number of rows."""
        without_timeout(connection)
        query = select(func.count()).select_from(self.clause).where(self.of(tenant), where)
        return connection.execute(query).scalar_one()

    def plain(self, name: str, value: Any) -> Any:
        """A plain cell as a value of its declared type."""
        # Where a database has no such type (a UUID in SQLite), the column holds the value's text.
        declared = self.schema.plain.get(name)
        if declared is not None and isinstance(value, str) and declared.type is not str:
            without_hyphens = declared.type is UUID and _HEXADECIMAL.fullmatch(value)  # as SQLAlchemy stores it
            return declared.codec.from_text(str(UUID(value)) if without_hyphens else value)
        return value

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} of {self.schema.name}>"


def without_timeout(connection: Connection) -> None:
    """To count a large table takes as long as it takes; for this transaction only."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
