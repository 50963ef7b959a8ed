"""Whole Arrow tables: every sealed field of a table, and its index columns, in one call (needs the extra `arrow`).

Columns go one by one through `RecordCipher`'s column methods, which make no Python object for a value where the
native core is installed. What they do not do goes by way of records, as `seal_many` does: persons with keys of
their own, indexes of several columns or fields, and finding out which rows failed.
"""

from __future__ import annotations

from typing import Any

from fieldvault.attempts import attempt
from fieldvault.columns.arrow import opened_array, sealed_array
from fieldvault.columns.arrow_library import pyarrow_or_raise
from fieldvault.columns.form import TextForm
from fieldvault.errors import BatchError, SchemaError
from fieldvault.record import RecordCipher
from fieldvault.tokens import ExactIndex

__all__ = ["open_table", "seal_table"]


def seal_table(cipher: RecordCipher, table: Any) -> Any:
    """A `pyarrow.Table` with the sealed fields sealed, their index columns added, and plain columns as they are.

    `table` is a pyarrow Table or RecordBatch, or any object with the Arrow PyCapsule stream interface. All rows, or
    none: raises `BatchError` with the failures by position. Raises `SchemaError` for a column that the schema does
    not declare.
    """
    result = attempt(_sealed, cipher, table)
    del table
    return result.or_raise()


def open_table(cipher: RecordCipher, table: Any) -> Any:
    """A `pyarrow.Table` with the sealed fields opened and without their index columns, else as `seal_table`."""
    result = attempt(_opened, cipher, table)
    del table
    return result.or_raise()


def _sealed(cipher: RecordCipher, given: Any) -> Any:
    schema, table = cipher.schema, _table(cipher, given)
    columns: dict[str, Any] = {}
    names = [name for name in schema.sealed if name in table.column_names]
    indexes = [one for one in schema.indexes if any(name in names for name in one.fields)]
    if schema.subject is None and all(
        type(one.index) is ExactIndex and one.slots[0].following is None for one in indexes
    ):
        try:
            for name in names:
                columns[name] = cipher.seal_column(name, table[name], row_ids=_row_ids(cipher, name, table))
            for one in indexes:
                column = cipher.index_column(one.owner, table[one.owner], index=one.index.name)
                columns[one.slots[0].column] = column
            return _with(table, columns)
        except BatchError:
            columns.clear()  # the way of records names the failures of all columns
    records = cipher.seal_many(table.to_pylist())
    for name in (*names, *(column for one in indexes for column in one.columns)):
        form = TextForm() if name in schema.token_set_columns else cipher.form
        columns[name] = sealed_array([record.get(name) for record in records], form)
    return _with(table, columns)


def _opened(cipher: RecordCipher, given: Any) -> Any:
    schema, table = cipher.schema, _table(cipher, given)
    columns: dict[str, Any] = {}
    names = [name for name in schema.sealed if name in table.column_names]
    bare = table.drop_columns([name for name in schema.index_columns if name in table.column_names])
    if schema.subject is None:
        try:
            for name in names:
                columns[name] = cipher.open_column(name, table[name], row_ids=_row_ids(cipher, name, table))
            return _with(bare, columns)
        except BatchError:
            columns.clear()
    records = cipher.open_many(table.to_pylist())
    for name in names:
        columns[name] = opened_array([record.get(name) for record in records], schema.field(name).codec)
    return _with(bare, columns)


def _table(cipher: RecordCipher, given: Any) -> Any:
    pa = pyarrow_or_raise()
    if not isinstance(given, pa.Table | pa.RecordBatch) and not hasattr(given, "__arrow_c_stream__"):
        raise SchemaError(f"a table is an Arrow table, not a {type(given).__name__}")
    table = given if isinstance(given, pa.Table) else pa.table(given)
    names = table.column_names
    unknown = sorted(set(names) - cipher.schema.columns)
    if unknown:
        raise SchemaError(
            f"{cipher.schema.name} does not declare: {', '.join(unknown)}",
            hint="declare each column as SealedField or PlainField; nothing passes unseen",
        )
    if len(set(names)) < len(names):
        raise SchemaError("the table has two columns of one name")
    return table


def _row_ids(cipher: RecordCipher, name: str, table: Any) -> Any:
    if not cipher.schema.field(name).row_bound:
        return None
    missing = [part for part in cipher.schema.row_id if part not in table.column_names]
    if missing:
        raise SchemaError(f"{name} is row-bound, and the table lacks {', '.join(missing)}")
    columns = tuple(table[part] for part in cipher.schema.row_id)
    return columns if len(columns) > 1 else columns[0]


def _with(table: Any, columns: dict[str, Any]) -> Any:
    for name, column in columns.items():
        at = table.schema.get_field_index(name)
        table = table.append_column(name, column) if at < 0 else table.set_column(at, name, column)
    return table
