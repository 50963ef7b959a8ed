"""Every index column of a table, measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldvault.errors import MissingExtra, TableError, TableNotAsDeclared, TableUnavailable
from fieldvault.planning.measure import IndexMeasure, measure_index

try:
    from sqlalchemy.exc import SQLAlchemyError
except ModuleNotFoundError:
    raise MissingExtra("measuring a table", extra="sql") from None

from fieldvault.keystore.sql_errors import Fault, classify

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from fieldvault.schema import Schema


def measure_table(engine: Engine, schema: Schema, table: str) -> list[IndexMeasure]:
    """One measure for each column that look-ups ask: those of the fields' indexes in their order, then those of
    compound ones. `table` may be `schema.table`.

    Raises `TableError`: `TableNotAsDeclared`, `TableUnavailable`.
    """
    namespace, _, name = table.rpartition(".")
    try:
        with engine.connect() as connection:
            return [
                measure_index(
                    connection,
                    table_name=name,
                    schema_name=namespace or None,
                    field=one.owner,
                    index=one.index.name,
                    column_name=column,
                    bits=one.index.bits,
                    holds_sets=one.index.is_set,
                )
                for one in schema.indexes
                for column in one.main_columns
            ]
    except SQLAlchemyError as error:
        refused = _refusal(classify(error, engine.dialect.name), table)
    finally:
        engine.dispose()
    raise refused  # outside the except: a driver's error may quote what it read


def _refusal(fault: Fault, table: str) -> TableError:
    if fault is Fault.NO_TABLES:
        return TableNotAsDeclared(
            f"there is no table {table} with the index columns of the schema", hint="name it: fieldvault lint TABLE"
        )
    if fault in (Fault.OUTAGE, Fault.LOST_CONNECTION, Fault.CONTENTION):
        return TableUnavailable(
            "the database cannot be reached, or took too long", hint="[database] timeout_seconds"
        )
    return TableError(f"the table {table} cannot be measured", hint="is it a table of sealed rows?")
