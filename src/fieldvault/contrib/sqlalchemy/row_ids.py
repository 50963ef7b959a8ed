"""Which primary keys can be bound to: those that the client makes before INSERT, and that never change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table
from sqlalchemy.exc import NoReferenceError

_TYPES = (UUID, str, bytes)


def is_row_id(column: Column[Any], type_: type | None) -> bool:
    """Is this primary key column known before INSERT? A number is, if the client has a default for it."""
    if column.foreign_keys or column.server_default is not None or column.identity is not None:
        return False
    if column.default is not None:
        return column.default.is_callable or column.default.is_scalar
    return type_ is not None and issubclass(type_, _TYPES)


def own_column(table: Table, column: Column[Any]) -> str | None:
    """The column of `table` that always equals `column`: itself, or a child's key that refers to its parent's.

    None where there is none.
    """
    if column.table is table:
        return column.name
    for own in table.primary_key:
        parent: Column[Any] | None = own
        while parent is not None and parent is not column:
            parent = next(iter(_referred(parent)), None)
        if parent is column:
            return own.name
    return None


def _referred(column: Column[Any]) -> Iterator[Column[Any]]:
    for key in column.foreign_keys:
        with suppress(NoReferenceError):  # to a table that is not declared yet, which is no parent's
            yield key.column


def python_type(column: Column[Any]) -> type | None:
    """The Python type of a column's values, None where its type does not say."""
    try:
        return column.type.python_type
    except NotImplementedError:
        return None
