"""Work: what is done with the rows of a table. One small class for each thing that can be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from sqlalchemy import ColumnElement, false, true

from fieldvault.core.envelope import HEADER_BYTES
from fieldvault.record import RecordCipher
from fieldvault.rotation.reencrypt.cells import header_of, key_id_of
from fieldvault.rotation.reencrypt.columnwise import Cells, Columnwise
from fieldvault.rotation.reencrypt.page import Changes, Opened, Page, Settled
from fieldvault.rotation.reencrypt.table import SealedTable


class Work(Protocol):
    """What is done with the rows that `where` picks, from the columns `names`."""

    @property
    def where(self) -> ColumnElement[bool]:
        """The rows to look at."""

    @property
    def left(self) -> ColumnElement[bool]:
        """The rows that are surely still to be done."""

    @property
    def names(self) -> Sequence[str]:
        """The columns to read."""

    def open(self, page: Page) -> Opened:
        """Raises `KekError` or `KeyStoreError` where keys cannot be had; what a row refuses comes out later."""


class ToPrimary:
    """Re-encryption: what is sealed under another key of the scope is sealed under `key_id`, the primary.

    The rows of a schema with subjects are under the subjects' keys, which are wrapped anew instead: none is picked.
    """

    def __init__(self, table: SealedTable, cipher: RecordCipher, key_id: bytes) -> None:
        self._table = table
        self._cipher = cipher
        self._key_id = key_id
        self._header = header_of(key_id)

    @property
    def where(self) -> ColumnElement[bool]:
        """See `Work`."""
        return false() if self._table.schema.subject is not None else self._table.not_on(self._key_id)

    @property
    def left(self) -> ColumnElement[bool]:
        """See `Work`."""
        return self.where

    @property
    def names(self) -> Sequence[str]:
        """See `Work`."""
        return (*self._table.bound_to, *self._table.fields)

    def open(self, page: Page) -> Opened:
        """See `Work`."""
        walk = Columnwise(self._table, self._cipher, page)
        stale = {name: self._stale(page.cells[name]) for name in self._table.fields}
        opened = {name: walk.open(name, cells) for name, cells in stale.items() if cells.at}
        return Opened(page, partial(self._seal, page, walk, stale, opened))

    def _seal(
        self, page: Page, walk: Columnwise, stale: Mapping[str, Cells], opened: Mapping[str, Cells]
    ) -> Settled:
        sealed = {name: walk.seal(name, cells.without(walk.refused)) for name, cells in opened.items()}
        new = {name: cells.without(walk.refused).over(page.cells[name]) for name, cells in sealed.items()}
        changed = sorted(set().union(*(one.at for one in stale.values())) - walk.refused.keys())
        return Settled(
            changes_at(page, changed, {name: page.cells[name] for name in new}, new),
            walk.refused,
            len(page.keys) - len(changed) - len(walk.refused),
            _by_key(stale.values()),
        )

    def _stale(self, column: Sequence[Any]) -> Cells:
        if self._header not in {cell[:HEADER_BYTES] if type(cell) is bytes else self._header for cell in column}:
            return Cells(range(len(column)), column)  # all of them, which is the usual case
        at = [n for n, cell in enumerate(column) if cell is not None and key_id_of(cell) != self._key_id]
        return Cells(at, [column[n] for n in at])


class Verifying:
    """Opens every sealed cell, and changes nothing."""

    def __init__(self, table: SealedTable, cipher: RecordCipher) -> None:
        self._table = table
        self._cipher = cipher

    @property
    def where(self) -> ColumnElement[bool]:
        """See `Work`."""
        return true()

    @property
    def left(self) -> ColumnElement[bool]:
        """See `Work`."""
        return false()

    @property
    def names(self) -> Sequence[str]:
        """See `Work`."""
        return (*self._table.bound_to, *self._table.fields)

    def open(self, page: Page) -> Opened:
        """See `Work`."""
        walk = Columnwise(self._table, self._cipher, page)
        for name in self._table.fields:
            at = [n for n, cell in enumerate(page.cells[name]) if cell is not None]
            if at:
                walk.open(name, Cells(at, [page.cells[name][n] for n in at]))
        return Opened(page, partial(Settled, None, walk.refused, len(page.keys) - len(walk.refused)))


def changes_at(
    page: Page, at: Sequence[int], old: dict[str, Sequence[Any]], new: dict[str, Sequence[Any]]
) -> Changes | None:
    """The changes of the rows at these positions; None where there is none."""
    if not at:
        return None
    if len(at) == len(page.keys):
        return Changes(page.keys, old, new)
    return Changes(
        [page.keys[n] for n in at],
        {name: [column[n] for n in at] for name, column in old.items()},
        {name: [column[n] for n in at] for name, column in new.items()},
    )


def _by_key(columns: Collection[Cells]) -> Counter[bytes | None]:
    """How many rows had a stale cell under which key."""
    headers = {cell[:HEADER_BYTES] if type(cell) is bytes else cell for one in columns for cell in one.cells}
    if len(headers) == 1:
        rows_of = set().union(*(one.at for one in columns))
        return Counter({key_id_of(next(iter(headers)) + b"."): len(rows_of)})
    rows = {(n, key_id_of(cell)) for one in columns for n, cell in zip(one.at, one.cells, strict=True)}
    return Counter(key_id for _, key_id in rows)
