"""The tables of an ORM's models, as what their models declared: nothing has to be declared twice.

`fieldvault.contrib.sqlalchemy` keeps what it made of each mapped table in its `MetaData`; here that is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from sqlalchemy import MetaData, Table
from sqlalchemy.engine import Engine
from sqlalchemy.orm import configure_mappers

from fieldvault.errors import ConfigurationError, SchemaError
from fieldvault.rotation.reencrypt.table import SealedTable
from fieldvault.schema import Schema

BINDINGS = "fieldvault_tables"
"""In `MetaData.info`: by the table's name, what it is bound to."""


class Binding(Protocol):
    """What the part for the ORM knows of a table with sealed columns."""

    table: Table
    schema: Schema
    tenant: str | None
    """The column that says whose a row is."""


def tables_of(engine: Engine, metadata: MetaData, *, others: Iterable[str] = ()) -> list[SealedTable]:
    """Every table with sealed columns; `others` are further columns to read.

    Raises `ConfigurationError` where there is none, `SchemaError` for one whose rows are bound to columns of
    another table.
    """
    configure_mappers()
    bindings: Mapping[str, Binding] = metadata.info.get(BINDINGS, {})
    if not bindings:
        raise ConfigurationError("these models have no sealed attributes", hint="name the module that maps them")
    return [_table(engine, one, tuple(others)) for _, one in sorted(bindings.items())]


def _table(engine: Engine, binding: Binding, others: Sequence[str]) -> SealedTable:
    table = binding.table
    made = SealedTable(
        engine,
        binding.schema,
        table.fullname,
        key=[column.name for column in table.primary_key],
        tenant_column=binding.tenant,
        others=others,
    )
    elsewhere = sorted(set(made.bound_to) - set(table.c.keys()))
    if elsewhere:
        raise SchemaError(
            f"{table.fullname}: its rows are bound to {', '.join(elsewhere)}, in another table",
            hint="re-encrypt it through the ORM: load, assign, flush",
        )
    return made
