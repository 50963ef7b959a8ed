"""Searched: by which index column an attribute is found, or why it is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Table

from fieldvault.errors import QueryRefused
from fieldvault.record import RecordCipher
from fieldvault.schema import Schema
from fieldvault.tokens import ExactIndex

LEAST_BITS = 64
"""An index of fewer bits finds strangers, who must be sorted out after opening."""


class Searched:
    """One sealed column that can be looked for by equality: its index, and the index column."""

    __slots__ = ("_index", "_slots", "column")

    def __init__(self, schema: Schema, field: str, index: ExactIndex, column: Column[Any]) -> None:
        self._index = index
        self._slots = schema.find_index(field, index.name).slots
        self.column = column

    def index_values(self, cipher: RecordCipher, value: Any) -> list[bytes]:
        """`RecordCipher.index_values`, without what a look-up of a known index can do without."""
        keys = cipher.index_keyring.index_keys_to_ask()
        slot, parts = self._index.query(self._slots, value)
        return [] if keys is None else [mac for key in keys.asked for mac in slot.macs_under(key, parts)]


class AllSearched(Mapping[str, Searched]):
    """Those of a table, by column. Raises `QueryRefused` for a sealed column that cannot be searched."""

    def __init__(self, table: Table, schema: Schema, indexes: Mapping[str, ExactIndex | None]) -> None:
        self._schema = schema.name
        self._indexes = indexes
        self._found = {
            name: Searched(schema, name, index, table.c[schema.field(name).index_column(index)])
            for name, index in indexes.items()
            if index is not None and index.bits >= LEAST_BITS
        }

    def __getitem__(self, name: str) -> Searched:
        found = self._found.get(name)
        if found is not None:
            return found
        index = self._indexes[name]
        if index is None:
            raise QueryRefused(
                f"{self._schema}.{name} has no index, so it cannot be searched", hint="declare encrypted(search=…)"
            )
        raise QueryRefused(
            f"the index of {self._schema}.{name} keeps {index.bits} bits, so it finds strangers too",
            hint="select by its index column and pass what is found through confirm",
        )

    def __iter__(self) -> Any:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)
