"""How many rows a data key is still needed for: asked of the database itself, which needs no key for it.

The key id stands in the clear at a fixed place of each envelope (spec envelope-v1 §2, §3). One statement reads a
table once and groups its rows by the keys that their cells name.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from fieldvault.columns.form import Form
from fieldvault.core.envelope import ENVELOPE_PREFIX, HEADER_BYTES, VERSION_1, to_text
from fieldvault.errors import MissingExtra
from fieldvault.schema import Schema

try:
    from sqlalchemy import ColumnElement, LargeBinary, column, func, or_, select
    from sqlalchemy import table as table_clause
    from sqlalchemy.engine import Engine
except ModuleNotFoundError:
    raise MissingExtra("the counting of rows in a table", extra="sql") from None

from fieldvault.rotation.transactions import Transactions

_WHOLE_CHARACTERS = HEADER_BYTES * 8 // 6
"""Of base64url, that the header alone decides: 22, or 124 bits of the key id. The next has bits of the nonce."""


class RowCounter(Protocol):
    """Something that holds envelopes: a table, or whatever else an application keeps them in."""

    @property
    def name(self) -> str:
        """What is counted, for people."""

    def rows_under(self, key_ids: Collection[bytes]) -> dict[bytes, int]:
        """How many rows have a cell that one of these keys sealed; keys without any are left out."""


class CountedTable:
    """A table of an application's database, sealed by `schema` under the schema's column names.

    `name` may be `schema.table`. `form` is how its envelopes are written.
    """

    def __init__(self, engine: Engine, schema: Schema, name: str, *, form: Form) -> None:
        self._name = name
        self._transactions = Transactions(engine)
        self._is_text = isinstance(form.envelopes([VERSION_1])[0], str)
        namespace, _, bare = name.rpartition(".")
        self._table = table_clause(bare, *map(column, schema.sealed), schema=namespace or None)

    @property
    def name(self) -> str:
        return self._name

    def rows_under(self, key_ids: Collection[bytes]) -> dict[bytes, int]:
        """See `RowCounter`. Reads the whole table once. Raises `TableError`."""
        by_beginning = {self._beginning(key_id): key_id for key_id in key_ids}
        beginnings: Sequence[ColumnElement[Any]] = [self._begins(cell) for cell in self._table.c]
        query = (
            select(func.count(), *beginnings)
            .select_from(self._table)
            .where(or_(*(cell.is_not(None) for cell in self._table.c)))
            .group_by(*beginnings)
        )
        groups = self._transactions.read(lambda connection: connection.execute(query).all())
        found: dict[bytes, int] = {}
        for count, *cells in groups:
            named = {by_beginning.get(cell if self._is_text or cell is None else bytes(cell)) for cell in cells}
            for key_id in named:
                if key_id is not None:
                    found[key_id] = found.get(key_id, 0) + count
        return found

    def _begins(self, cell: ColumnElement[Any]) -> ColumnElement[Any]:
        if self._is_text:
            return func.substr(cell, 1, len(ENVELOPE_PREFIX) + _WHOLE_CHARACTERS)
        return func.substr(cell, 1, HEADER_BYTES, type_=LargeBinary)

    def _beginning(self, key_id: bytes) -> str | bytes:
        header = VERSION_1 + key_id
        text = to_text(ENVELOPE_PREFIX, header)[: len(ENVELOPE_PREFIX) + _WHOLE_CHARACTERS]
        return text if self._is_text else header

    def __repr__(self) -> str:
        return f"<CountedTable {self._name}>"


def rows_by_counter(counters: Sequence[RowCounter], key_ids: Collection[bytes]) -> dict[bytes, int]:
    """Rows of all counters together."""
    found: dict[bytes, int] = {}
    for counter in counters:
        for key_id, rows in counter.rows_under(key_ids).items():
            found[key_id] = found.get(key_id, 0) + rows
    return found
