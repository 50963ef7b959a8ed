"""Compare and swap in PostgreSQL: one statement for a batch, whose cells go as arrays in the binary format.

A cell that was NULL makes its column's comparison null-safe; the others compare by `=`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from fieldvault.errors import TableNotAsDeclared
from fieldvault.rotation.keyed_table import KeyedTable
from fieldvault.rotation.reencrypt.bytea_array import array_of
from fieldvault.rotation.reencrypt.page import Changes

_TYPES = text(
    "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
    " WHERE attrelid = to_regclass(:name) AND attnum > 0 AND NOT attisdropped"
)


class PsycopgSwapper:
    """Asks once for the types of the table's columns."""

    def __init__(self, table: KeyedTable) -> None:
        self._table = table
        self._types: dict[str, str] = {}

    def swap(self, connection: Connection, tenant: str | None, changes: Changes) -> int:
        """See `Swapper`."""
        if not self._types:
            self._types = self._read_types(connection)
        keys = {name: [key[at] for key in changes.keys] for at, name in enumerate(self._table.key)}
        given: list[Any] = [
            array_of(connection, self._types[name], cells)
            for name, cells in (*keys.items(), *changes.old.items(), *changes.new.items())
        ]
        if self._table.tenant_column is not None and tenant is not None:
            given.append(tenant)
        return connection.exec_driver_sql(self._statement(connection, tenant, changes), tuple(given)).rowcount

    def _statement(self, connection: Connection, tenant: str | None, changes: Changes) -> str:
        quote = connection.dialect.identifier_preparer.quote

        def column(name: str) -> str:
            return quote(name).replace("%", "%%")

        table = self._quoted(connection)
        keys, old, new = self._table.key, list(changes.old), list(changes.new)
        arrays = ", ".join(f"%b::{self._types[name]}[]" for name in (*keys, *old, *new))
        names = [f"k{at}" for at in range(len(keys))]
        names += [f"o{at}" for at in range(len(old))] + [f"n{at}" for at in range(len(new))]
        conditions = [f"t.{column(name)} = v.k{at}" for at, name in enumerate(keys)]
        conditions += [f"t.{column(name)} {_equals(changes.old[name])} v.o{at}" for at, name in enumerate(old)]
        if self._table.tenant_column is not None and tenant is not None:
            conditions.append(f"t.{column(self._table.tenant_column)} = %s")
        cells = ", ".join(f"{column(name)} = v.n{at}" for at, name in enumerate(new))
        # Identifiers are quoted by the dialect, and everything else is a parameter.
        return (
            f"UPDATE {table} AS t SET {cells} FROM unnest({arrays}) AS v({', '.join(names)})"  # noqa: S608
            f" WHERE {' AND '.join(conditions)}"
        )

    def _quoted(self, connection: Connection) -> str:
        return connection.dialect.identifier_preparer.format_table(self._table.clause).replace("%", "%%")

    def _read_types(self, connection: Connection) -> dict[str, str]:
        name = connection.dialect.identifier_preparer.format_table(self._table.clause)
        types = {row[0]: row[1] for row in connection.execute(_TYPES, {"name": name})}
        missing = sorted({one.name for one in self._table.clause.c} - types.keys())
        if missing:
            raise TableNotAsDeclared(f"{self._table.name} has no column {', '.join(missing)}")
        return types


def _equals(cells: Sequence[Any]) -> str:
    return "IS NOT DISTINCT FROM" if None in cells else "="
