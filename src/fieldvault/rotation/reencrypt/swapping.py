"""Compare and swap: a row gets its new cells if it still has the old ones, all rows of a batch in one call.

How many rows did is what counts. Envelopes have random nonces, so a row that still has its old cells was not
touched by anybody, and one that has not is somebody else's: newer than ours, and stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, bindparam, update
from sqlalchemy.engine import Connection, Engine

from fieldvault.rotation.keyed_table import KeyedTable
from fieldvault.rotation.reencrypt.page import Changes


class Swapper(Protocol):
    """How one kind of database swaps."""

    def swap(self, connection: Connection, tenant: str | None, changes: Changes) -> int:
        """How many rows were as they had been, and are changed now."""


def swapper_for(table: KeyedTable, engine: Engine) -> Swapper:
    """The fastest that the driver allows."""
    if engine.dialect.driver == "psycopg":
        from fieldvault.rotation.reencrypt.swapping_psycopg import PsycopgSwapper

        return PsycopgSwapper(table)
    return RowByRow(table)


class RowByRow:
    """One UPDATE for each row; the driver sends them together where it can."""

    def __init__(self, table: KeyedTable) -> None:
        self._table = table

    def swap(self, connection: Connection, tenant: str | None, changes: Changes) -> int:
        """See `Swapper`."""
        table = self._table
        keys = [cell == bindparam(f"key_{at}") for at, cell in enumerate(table.key_columns)]
        same = [
            _same(table.clause.c[name], bindparam(f"old_{at}"), nulls=None in cells)
            for at, (name, cells) in enumerate(changes.old.items())
        ]
        new: dict[str, ColumnElement[Any]] = {name: bindparam(f"new_{at}") for at, name in enumerate(changes.new)}
        statement = update(table.clause).where(table.of(tenant), *keys, *same).values(new)
        columns: dict[str, Sequence[Any]] = {
            f"key_{at}": [key[at] for key in changes.keys] for at in range(len(table.key))
        }
        columns |= {f"old_{at}": cells for at, cells in enumerate(changes.old.values())}
        columns |= {f"new_{at}": cells for at, cells in enumerate(changes.new.values())}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        if connection.dialect.supports_sane_multi_rowcount:
            return connection.execute(statement, rows).rowcount
        return sum(connection.execute(statement, row).rowcount for row in rows)


def _same(cell: ColumnElement[Any], old: ColumnElement[Any], *, nulls: bool) -> ColumnElement[bool]:
    return cell.is_not_distinct_from(old) if nulls else cell == old
