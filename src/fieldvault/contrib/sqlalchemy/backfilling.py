"""The backfill of a migration: what was there before dual write, sealed row by row in batches (migrating.py).

A batch reads a page of rows by their key, opens what is sealed, and seals what is missing or differs. It writes
over the plaintext that it has read and over no other, so a concurrent write wins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, LargeBinary, bindparam, select, tuple_, type_coerce, update
from sqlalchemy.orm import QueryableAttribute

from fieldvault.contrib.sqlalchemy.migrating import DualWrite
from fieldvault.contrib.sqlalchemy.sealed_value import SealedValue
from fieldvault.contrib.sqlalchemy.sealing import seal_rows
from fieldvault.contrib.sqlalchemy.table_binding import TableBinding
from fieldvault.errors import SchemaError


@dataclass(frozen=True, slots=True)
class SealedSoFar:
    """Rows looked at, sealed now, and left to another writer, who sealed them."""

    seen: int
    sealed: int
    overtaken: int


def backfill(
    engine: Engine,
    attribute: QueryableAttribute[Any],
    *,
    batch: int = 500,
    on_progress: Callable[[SealedSoFar], None] | None = None,
) -> SealedSoFar:
    """Seal `attribute` from its plaintext column, in the state of dual write, for the tenant of the scope.

    Each batch of rows is a transaction of its own, so it can be stopped and started again at any time. Once it
    reports nothing sealed and nothing overtaken, every row of the tenant is sealed. A model with a tenant's column
    gets the rows of the scope's tenant only. Raises `SchemaError` where the attribute does not dual-write.
    """
    [sealed] = attribute.property.columns
    table, column = sealed.table, sealed.name
    binding = TableBinding.of(table)
    declared = binding.declared.get(column)
    state = None if declared is None else declared.migrating
    if not isinstance(state, DualWrite):
        raise SchemaError(
            f"{binding.schema.name}.{column} is not in the state of dual write",
            hint="encrypted(migrating=DualWrite(plain=…))",
        )
    if not set(binding.bound_to) - {binding.tenant} <= {one.name for one in table.columns}:
        raise SchemaError(f"{binding.schema.name}: what rows are bound to is in another table")
    total, last = SealedSoFar(0, 0, 0), None
    while True:
        with engine.begin() as connection:
            rows = connection.execute(_page(binding, column, state.plain, last, batch)).mappings().all()
            if not rows:
                return total
            changed = _differing(binding, column, state.plain, rows)
            written = _write(connection, binding, column, state.plain, changed)
        last = tuple(rows[-1][key.name] for key in table.primary_key)
        total = SealedSoFar(
            total.seen + len(rows), total.sealed + written, total.overtaken + len(changed) - written
        )
        if on_progress is not None:
            on_progress(total)


def _page(binding: TableBinding, column: str, plain: str, last: Any, batch: int) -> Any:
    table = binding.table
    keys = list(table.primary_key)
    sealed = type_coerce(table.c[column], LargeBinary).label(column)
    names = dict.fromkeys([*(key.name for key in keys), *binding.bound_to, plain])
    page = select(*(table.c[name] for name in names), sealed).order_by(*keys).limit(batch)
    if last is not None:
        page = page.where(tuple_(*keys) > last if len(keys) > 1 else keys[0] > last[0])
    if binding.tenant is not None:
        page = page.where(table.c[binding.tenant] == binding.tenant_cell(binding.tenant_of({}) or ""))
    return page


def _differing(binding: TableBinding, column: str, plain: str, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """The rows whose sealed value is not their plaintext, or does not open."""
    given: dict[str, Any] = {}
    if binding.schema.sealed[column].row_bound:
        ids = [tuple(row[name] for name in binding.row_id) for row in rows]
        given["row_ids"] = [one[0] for one in ids] if len(binding.row_id) == 1 else ids
    if binding.subject is not None:
        given["subjects"] = [row[binding.subject] for row in rows]
    cipher = binding.cipher(binding.tenant_of({}))
    opened = cipher.open_column_partially(column, [row[column] for row in rows], **given)
    return [
        dict(row)
        for at, row in enumerate(rows)
        if at in opened.failures or opened.values[at] != row[plain] or (row[plain] is None) != (row[column] is None)
    ]


def _write(
    connection: Any, binding: TableBinding, column: str, plain: str, changed: Sequence[dict[str, Any]]
) -> int:
    records = [{**{name: row[name] for name in binding.bound_to}, column: row[plain]} for row in changed]
    table = binding.table
    written = 0
    for row, sealed in zip(changed, seal_rows(binding, records) if records else [], strict=True):
        envelope = sealed[column]
        values: dict[str, Any] = {one: sealed[one] for one in binding.index_columns[column]}
        values[column] = None if envelope is None else SealedValue(envelope, row[plain])
        # Compared as the column's own type compares, NULL with NULL: nobody has changed it meanwhile.
        unchanged = (
            table.c[plain].is_(None) if row[plain] is None else table.c[plain] == bindparam("was", row[plain])
        )
        mine = [key == bindparam(f"key_{key.name}", row[key.name]) for key in table.primary_key]
        statement = update(table).where(*mine, unchanged)
        written += connection.execute(statement, values).rowcount
    return written
