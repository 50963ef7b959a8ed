"""Rows to sealed rows: in one batch for each tenant, all or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column

from fieldvault.access import Place, Protected
from fieldvault.contrib.sqlalchemy.table_binding import TableBinding
from fieldvault.errors import BatchError, WriteRefused

Row = dict[str, Any]


def seal_rows(binding: TableBinding, rows: Sequence[Row]) -> list[Row]:
    """Each row's record, by column: its sealed fields as envelopes, index values beside them.

    A row has what values are bound to, and those fields that are to be sealed. Raises `BatchError`, or the one
    error where it is one row; the caller's positions are the rows'.
    """
    if binding.tenant is None:
        tenants = [binding.tenant_of({})] * len(rows)
        records = rows
    else:
        tenants = [binding.tenant_of(row) for row in rows]
        records = [{name: value for name, value in row.items() if name != binding.tenant} for row in rows]
    if len(set(tenants)) <= 1:
        return _sealed(binding, tenants[0], records) if rows else []
    results: list[Row] = [{} for _ in rows]
    for tenant in dict.fromkeys(tenants):
        mine = [at for at, one in enumerate(tenants) if one == tenant]
        for at, sealed in zip(mine, _sealed(binding, tenant, [records[at] for at in mine]), strict=True):
            results[at] = sealed
    return results


def plain_value(value: Any, binding: TableBinding, column: str, row: Mapping[str, Any]) -> Any:
    """What is to be sealed: a `Protected` gives its value for its own field. Raises `WriteRefused` for SQL."""
    if type(value) is Protected:
        return value.value_to_seal(Place.of(binding.schema, column, binding.tenant_of(row)))
    if hasattr(value, "__clause_element__") or hasattr(value, "_execute_on_connection"):
        raise WriteRefused(
            f"{binding.schema.name}.{column} is set to an SQL expression, which would be evaluated unsealed",
            hint="set a value",
        )
    return value


def made_by_default(column: Column[Any]) -> Any:
    """A row id as its column's own default makes it, None where it has none."""
    default: Any = column.default
    if default is None or not (default.is_callable or default.is_scalar):
        return None
    return default.arg(None) if default.is_callable else default.arg


def _sealed(binding: TableBinding, tenant: str | None, records: Sequence[Row]) -> list[Row]:
    cipher = binding.cipher(tenant)
    if len(records) == 1:
        return [cipher.seal(records[0])]
    try:
        return cipher.seal_many(records)
    except BatchError as error:
        failed = error
    raise failed.detached()
