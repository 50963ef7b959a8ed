"""Moving columns to envelopes, from another format or from plaintext, with their index values.

Rules of this file:

1. In place, a cell that is no envelope is of the old format; the two never begin alike. From a column to another,
   a row is written where the sealed value is not the old column's.
2. A row is written if its old cells and its sealed cells still are what was read.
3. What is refused is the row's: all of it stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from fieldvault.errors import FieldvaultError, SchemaError
from fieldvault.record import RecordCipher
from fieldvault.rotation.formats import LegacyFormat, PlainValues
from fieldvault.rotation.formats.base import converted
from fieldvault.rotation.reencrypt.cells import looks_sealed
from fieldvault.rotation.reencrypt.columnwise import Cells, Columnwise
from fieldvault.rotation.reencrypt.page import Opened, Page, Settled
from fieldvault.rotation.reencrypt.table import SealedTable
from fieldvault.rotation.reencrypt.work import changes_at


class Moving:
    """`sources` are the old column of each field; a field's own name where it is moved in place.

    Raises `SchemaError` for plaintext in place, which could not be told from envelopes.
    """

    def __init__(
        self, table: SealedTable, cipher: RecordCipher, format_: LegacyFormat, sources: Mapping[str, str]
    ) -> None:
        if isinstance(format_, PlainValues) and any(field == source for field, source in sources.items()):
            raise SchemaError(
                "plaintext and envelopes in one column cannot be told apart",
                hint="seal into a column of its own, then drop the old one: --column FIELD=COLUMN",
            )
        self._table, self._cipher, self._format, self._sources = table, cipher, format_, sources
        schema = table.schema
        self._index_columns = [
            column for one in schema.indexes if set(one.fields) & sources.keys() for column in one.columns
        ]

    @property
    def where(self) -> ColumnElement[bool]:
        """See `Work`."""
        return or_(*(self._where(field, source) for field, source in self._sources.items()))

    @property
    def left(self) -> ColumnElement[bool]:
        """See `Work`."""
        return or_(*(self._left(field, source) for field, source in self._sources.items()))

    @property
    def names(self) -> Sequence[str]:
        """See `Work`."""
        return (*self._table.bound_to, *self._sources, *self._sources.values())

    def open(self, page: Page) -> Opened:
        """See `Work`."""
        walk = Columnwise(self._table, self._cipher, page)
        values: dict[str, list[Any]] = {}
        changed: set[int] = set()
        for field, source in self._sources.items():
            values[field], differing = self._values(walk, page, field, source)
            changed |= differing
        return Opened(page, partial(self._seal, page, walk, values, changed))

    def _seal(
        self, page: Page, walk: Columnwise, values: Mapping[str, Sequence[Any]], changed: set[int]
    ) -> Settled:
        at = sorted(changed - walk.refused.keys())
        records = [
            {name: self._table.plain(name, page.cells[name][n]) for name in self._table.bound_to}
            | {field: column[n] for field, column in values.items()}
            for n in at
        ]
        sealed = self._cipher.seal_many_partially(records)
        for position, error in sealed.failures.items():
            walk.refused[at[position]] = error
        good = [(n, record) for n, record in zip(at, sealed.values, strict=True) if record is not None]
        old = {name: page.cells[name] for name in dict.fromkeys((*self._sources, *self._sources.values()))}
        new: dict[str, Sequence[Any]] = {}
        for name in (*self._sources, *self._index_columns):
            new[name] = Cells([n for n, _ in good], [one[name] for _, one in good]).over([None] * len(page.keys))
        written = [n for n, _ in good if n not in walk.refused]
        changes = changes_at(page, written, old, new)
        return Settled(changes, walk.refused, len(page.keys) - len(written) - len(walk.refused))

    # --- one field -------------------------------------------------------------------------------

    def _values(self, walk: Columnwise, page: Page, field: str, source: str) -> tuple[list[Any], set[int]]:
        """What each row is to hold, and the positions of those that do not hold it yet."""
        old, sealed = page.cells[source], page.cells[field]
        done = {n for n, cell in enumerate(sealed) if cell is not None and looks_sealed(cell)}
        in_place = field == source
        legacy = [n for n, cell in enumerate(old) if cell is not None and not (in_place and n in done)]
        values = self._opened(walk, field, legacy, old, len(page.keys))
        at = sorted(done)
        kept = walk.open(field, Cells(at, [sealed[n] for n in at]), strict=in_place)
        if in_place:
            for n, value in zip(kept.at, kept.cells, strict=True):
                values[n] = value
            return values, set(legacy)
        same = {n for n, value in zip(kept.at, kept.cells, strict=True) if value == values[n]}
        same.update(n for n, value in enumerate(values) if value is None and sealed[n] is None)
        return values, set(range(len(values))) - same

    def _opened(
        self, walk: Columnwise, field: str, at: Sequence[int], cells: Sequence[Any], size: int
    ) -> list[Any]:
        codec = self._table.schema.field(field).codec
        values: list[Any] = [None] * size
        for n, found in zip(at, self._format.open_many([cells[n] for n in at]), strict=True):
            value = converted(codec, found)
            if isinstance(value, FieldvaultError):
                walk.refused.setdefault(n, value.in_field(field))
            else:
                values[n] = value
        return values

    def _where(self, field: str, source: str) -> ColumnElement[bool]:
        old, sealed = self._table.clause.c[source], self._table.clause.c[field]
        if field == source:
            return and_(old.is_not(None), ~self._table.header(field).is_envelope())
        return or_(old.is_not(None), sealed.is_not(None))

    def _left(self, field: str, source: str) -> ColumnElement[bool]:
        old, sealed = self._table.clause.c[source], self._table.clause.c[field]
        if field == source:
            return self._where(field, source)
        return or_(and_(old.is_not(None), sealed.is_(None)), and_(old.is_(None), sealed.is_not(None)))
