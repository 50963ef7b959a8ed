"""Whose rows there are, as the tables say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import ColumnElement, select
from sqlalchemy.engine import Connection

from fieldvault.errors import SchemaError
from fieldvault.rotation.keyed_table import without_timeout
from fieldvault.rotation.reencrypt.table import SealedTable
from fieldvault.rotation.transactions import Transactions


def tenants_of_tables(tables: Sequence[SealedTable]) -> list[str]:
    """Every tenant that has a row. Raises `SchemaError` where no column says whose a row is, `TableError`."""
    found: set[str] = set()
    for table in tables:
        if table.tenant_column is None:
            raise SchemaError(f"{table.name} has no column that says whose a row is", hint="name the tenant")
        found |= Transactions(table.engine).read(partial(_tenants, table.clause.c[table.tenant_column]))
    return sorted(found)


def _tenants(column: ColumnElement[str | None], connection: Connection) -> set[str]:
    without_timeout(connection)
    return {one for one in connection.execute(select(column).distinct()).scalars() if one is not None}
