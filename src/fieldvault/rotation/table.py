"""A table with index columns: which of its rows are not yet as a phase of the rotation wants them.

Rules of this file:

1. The version of an index value is its first byte (spec index-v1 §3), so the database itself can count and find the
   rows that are left, without a key.
2. Rows are read in the order of their key (keyset pagination): a page costs the same at the end of the table.
3. A row is changed only if it still is what was read: its sealed cells and its index cells.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fieldvault.columns.form import Form
from fieldvault.errors import MissingExtra, SchemaError

try:
    from sqlalchemy import ColumnElement, LargeBinary, and_, false, func, or_, select, update
    from sqlalchemy.engine import Connection, Engine
except ModuleNotFoundError:
    raise MissingExtra("the rotation of indexes in a table", extra="sql") from None

from fieldvault.core.envelope import INDEX_PREFIX
from fieldvault.ports import IndexPhase
from fieldvault.rotation.keyed_table import Key, KeyedTable
from fieldvault.schema import Schema
from fieldvault.tokens import Md5Index

_BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was read: its key, and the cells of the columns that matter."""

    key: Key = field(repr=False)
    cells: Mapping[str, Any] = field(repr=False)


class IndexedTable(KeyedTable):
    """A table of an application's database whose rows were sealed by `schema`, under the schema's column names.

    `name` may be `schema.table`. `key` are the columns of a unique key, by default the schema's row id.
    `tenant_column` is the column that says whose a row is, where the table has rows of several tenants. `form` is
    how its index values are written.
    """

    def __init__(
        self,
        engine: Engine,
        schema: Schema,
        name: str,
        *,
        key: Sequence[str] = (),
        tenant_column: str | None = None,
        form: Form | None = None,
    ) -> None:
        self.sealed = tuple(dict.fromkeys(name for one in schema.indexes for name in one.fields))
        subject = () if schema.subject is None else (schema.subject.field,)
        self.read = tuple(dict.fromkeys((*schema.row_id, *subject, *self.sealed, *schema.index_columns)))
        super().__init__(engine, schema, name, self.read, key=key, tenant_column=tenant_column, form=form)
        if not schema.indexes:
            raise SchemaError(f"{schema.name} has no blind index")
        self._text = schema.token_set_columns if isinstance(self.form.index_values([b"\x01"])[0], bytes) else None

    # --- which rows ------------------------------------------------------------------------------

    def left(self, phase: IndexPhase, version: int) -> ColumnElement[bool]:
        """The rows that are not yet what the phase after `phase` relies on; `version` is the one to come.

        See the table of spec index-rotation-v1 §4.
        """
        conditions: list[ColumnElement[bool]] = []
        for slot in (slot for one in self.schema.indexes for slot in one.slots):
            main = self.clause.c[slot.column]
            following = None if slot.following is None else self.clause.c[slot.following]
            if phase is IndexPhase.CUT_OVER:
                conditions.append(and_(main.is_not(None), ~self._is_at(slot.column, version)))
            elif phase is IndexPhase.BACKFILL and following is not None and slot.following is not None:
                behind = or_(following.is_(None), ~self._is_at(slot.following, version))
                conditions.append(and_(main.is_not(None), behind))
            elif phase is IndexPhase.DROP and following is not None:
                conditions.append(following.is_not(None))
        return or_(false(), *conditions)

    def versions(self, connection: Connection, tenant: str | None) -> dict[str, dict[int, int]]:
        """For each column of index values: how many rows it has under each version."""
        return {name: self._versions_of(connection, tenant, name) for name in self.schema.index_columns}

    def page(
        self, connection: Connection, tenant: str | None, where: ColumnElement[bool], after: Key | None, limit: int
    ) -> list[Row]:
        """The next rows in the order of their key."""
        keys = self.key_columns
        query = select(*keys, *(self.clause.c[name] for name in self.read)).where(self.of(tenant), where)
        if after is not None:
            query = query.where(self.after(after))
        found = connection.execute(query.order_by(*keys).limit(limit))
        width = len(keys)
        return [Row(tuple(row[:width]), dict(zip(self.read, row[width:], strict=True))) for row in found]

    def swap(self, connection: Connection, tenant: str | None, row: Row, cells: Mapping[str, Any]) -> bool:
        """Write `cells` if the row still is what was read. Whether it was."""
        unchanged = (*self.sealed, *self.schema.index_columns)
        statement = (
            update(self.clause)
            .where(self.of(tenant), *(self.clause.c[n] == v for n, v in zip(self.key, row.key, strict=True)))
            .where(*(_same(self.clause.c[name], row.cells[name]) for name in unchanged))
            .values(dict(cells))
        )
        return connection.execute(statement).rowcount == 1

    def records(self, rows: Iterable[Row]) -> list[dict[str, Any]]:
        """The rows as sealed records, without their index columns."""
        names = [name for name in self.read if name not in self.schema.index_columns]
        return [{name: self.plain(name, row.cells[name]) for name in names} for row in rows]

    def is_from_digest_alone(self, row: Row) -> bool:
        """Whether an index value of the row was made from a legacy digest, and there is no value to make it of."""
        return any(
            isinstance(one.index, Md5Index)
            and row.cells[one.owner] is None
            and any(row.cells[column] is not None for column in one.main_columns)
            for one in self.schema.indexes
        )

    def following_columns(self) -> Collection[str]:
        """The second columns of unique indexes."""
        return [slot.following for one in self.schema.indexes for slot in one.slots if slot.following is not None]

    # --- inside ----------------------------------------------------------------------------------

    def _is_text(self, name: str) -> bool:
        return self._text is None or name in self._text

    def _is_at(self, name: str, version: int) -> ColumnElement[bool]:
        if self._is_text(name):
            return func.substr(self.clause.c[name], len(INDEX_PREFIX) + 1, 2).in_(_beginnings(version))
        return func.substr(self.clause.c[name], 1, 1, type_=LargeBinary) == bytes([version])

    def _versions_of(self, connection: Connection, tenant: str | None, name: str) -> dict[int, int]:
        cell = self.clause.c[name]
        text = self._is_text(name)
        first = func.substr(cell, len(INDEX_PREFIX) + 1, 2) if text else func.substr(cell, 1, 1, type_=LargeBinary)
        query = select(first, func.count()).where(self.of(tenant), cell.is_not(None)).group_by(first)
        found: dict[int, int] = {}
        for beginning, count in connection.execute(query):
            version = _version_of(beginning) if text else bytes(beginning)[0]
            found[version] = found.get(version, 0) + count
        return dict(sorted(found.items()))


def _same(cell: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
    return cell.is_(None) if value is None else cell == value


def _beginnings(version: int) -> list[str]:
    # Base64url has six bits a character: a version's byte is the first and a quarter of the second.
    return [_BASE64URL[version >> 2] + _BASE64URL[(version & 3) << 4 | rest] for rest in range(16)]


def _version_of(beginning: str) -> int:
    return _BASE64URL.index(beginning[0]) << 2 | _BASE64URL.index(beginning[1]) >> 4
