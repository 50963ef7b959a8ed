"""SealedTable: which of a table's rows are under which key, and its rows a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, and_, case, func, literal, null, or_, select
from sqlalchemy.engine import Connection, Engine

from fieldvault.columns.form import Form
from fieldvault.rotation.keyed_table import Key, KeyedTable, without_timeout
from fieldvault.rotation.reencrypt.binary_results import in_binary
from fieldvault.rotation.reencrypt.cells import HeaderColumn
from fieldvault.rotation.reencrypt.page import Page
from fieldvault.schema import Schema

Range = tuple[Key | None, Key | None]
"""Rows behind the first key, as far as the second; None for the table's end."""


class SealedTable(KeyedTable):
    """A table of an application's database whose rows were sealed by `schema`, under the schema's column names.

    `fields` are the sealed columns that it has, by default all. `others` are columns beside those that are read.
    The rest is as for `IndexedTable`. Raises `SchemaError` for a field that the schema does not seal.
    """

    def __init__(
        self,
        engine: Engine,
        schema: Schema,
        name: str,
        *,
        fields: Sequence[str] = (),
        key: Sequence[str] = (),
        tenant_column: str | None = None,
        form: Form | None = None,
        others: Iterable[str] = (),
    ) -> None:
        self.fields = tuple(schema.field(one).name for one in fields or schema.sealed)
        subject = () if schema.subject is None else (schema.subject.field,)
        names = (*schema.row_id, *subject, *self.fields, *schema.index_columns, *others)
        super().__init__(engine, schema, name, names, key=key, tenant_column=tenant_column, form=form)
        self.is_text = isinstance(self.form.envelopes([b"\x01"])[0], str)

    def header(self, field: str) -> HeaderColumn:
        """The header of a field's cells."""
        return HeaderColumn(self.clause.c[field], text=self.is_text)

    def not_on(self, key_id: bytes) -> ColumnElement[bool]:
        """The rows that have a sealed cell under another key."""
        return or_(*(and_(self.clause.c[one].is_not(None), ~self.header(one).is_on(key_id)) for one in self.fields))

    def rows_by_key(
        self, connection: Connection, tenant: str | None, key_ids: Sequence[bytes]
    ) -> dict[bytes | None, int]:
        """How many rows have a cell under each of `key_ids`; under None, a cell under any other key, or none."""
        found: dict[bytes | None, int] = {}
        for keys, rows in self.census(connection, tenant, key_ids).items():
            for key_id in keys:
                found[key_id] = found.get(key_id, 0) + rows
        return found

    def census(
        self, connection: Connection, tenant: str | None, key_ids: Sequence[bytes]
    ) -> dict[frozenset[bytes | None], int]:
        """How many rows there are by the keys of their cells, None for any key that is not in `key_ids`."""
        without_timeout(connection)
        which = [self._which_key(one, key_ids) for one in self.fields]
        query = select(*which, func.count()).select_from(self.clause).where(self.of(tenant)).group_by(*which)
        found: dict[frozenset[bytes | None], int] = {}
        for *numbers, rows in connection.execute(query):
            keys = frozenset(key_ids[one] if one >= 0 else None for one in numbers if one is not None)
            found[keys] = found.get(keys, 0) + rows
        return found

    def page(
        self,
        connection: Connection,
        tenant: str | None,
        where: ColumnElement[bool],
        range_: Range,
        limit: int,
        names: Sequence[str],
    ) -> Page | None:
        """The next rows of a range, with the columns `names`; None at its end."""
        keys = self.key_columns
        query = select(*keys, *(self.clause.c[one] for one in names)).where(self.of(tenant), where)
        after, up_to = range_
        if after is not None:
            query = query.where(self.after(after))
        if up_to is not None:
            query = query.where(self.up_to(up_to))
        in_binary(connection)
        rows = connection.execute(query.order_by(*keys).limit(limit)).all()
        if not rows:
            return None
        columns = [list(column) for column in zip(*rows, strict=True)]
        return Page(
            list(zip(*columns[: len(keys)], strict=True)), dict(zip(names, columns[len(keys) :], strict=True))
        )

    def split(self, connection: Connection, tenant: str | None, parts: int) -> list[Range]:
        """The table as ranges of about as many rows each."""
        without_timeout(connection)
        size = max(1, -(-self.count(connection, tenant, literal(True)) // parts))
        bounds: list[Key] = []
        for _ in range(1, parts):
            query = select(*self.key_columns).where(self.of(tenant))
            if bounds:
                query = query.where(self.after(bounds[-1]))
            offset = size - 1
            bound = connection.execute(query.order_by(*self.key_columns).offset(offset).limit(1)).first()
            if bound is None:
                break
            bounds.append(tuple(bound))
        return list(zip([None, *bounds], [*bounds, None], strict=True))

    def _which_key(self, field: str, key_ids: Sequence[bytes]) -> ColumnElement[int | None]:
        header = self.header(field)
        whens = [(header.is_on(key_id), literal(at)) for at, key_id in enumerate(key_ids)]
        return case((self.clause.c[field].is_(None), null()), *whens, else_=literal(-1))
