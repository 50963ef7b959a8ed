"""From a legacy column `md5(email)` to keyed index values, without the plaintext.

Rules of this file:

1. A row's index columns are made from its digest. A row is changed only if the digest still is what was read.
2. What is no MD5 digest is left, and said.
3. The legacy column is cleared only where the row has an index value, and only when no row is left without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fieldvault.attempts import attempt
from fieldvault.errors import IndexRowsLeft, MissingExtra
from fieldvault.record import RecordCipher
from fieldvault.rotation.transactions import DuplicateValue, Transactions

try:
    from sqlalchemy import ColumnElement, and_, column, func, select, true, tuple_, update
    from sqlalchemy import table as table_clause
    from sqlalchemy.engine import Connection, Engine
except ModuleNotFoundError:
    raise MissingExtra("the upgrade of an MD5 column", extra="sql") from None

Key = tuple[Any, ...]


class Md5Phase(StrEnum):
    """How far the upgrade of a column is, as its rows say."""

    LEGACY = "legacy"
    """No row has an index value: look-ups compare digests."""
    BACKFILL = "backfill"
    """Some rows have one, some do not: look-ups ask both columns."""
    CUT_OVER = "cut-over"
    """Every row with a digest has an index value: look-ups may ask for that alone."""
    DONE = "done"
    """No digest is left."""


@dataclass(slots=True)
class Md5UpgradeResult:
    """`written` rows have new index values; `refused` are the keys of rows whose cell is no MD5 digest,
    `duplicates` of those whose value a unique index has already."""

    written: int = 0
    changed_meanwhile: int = 0
    refused: list[Key] = field(default_factory=list)
    duplicates: list[Key] = field(default_factory=list)


class Md5Upgrade:
    """The upgrade of `legacy_column`, the MD5 of what `field` of the cipher's schema holds, in one table.

    `table` may be `schema.table`; `key` are the columns of a unique key. `tenant_column` says whose a row is, where
    the table has rows of several tenants: those of the cipher's are upgraded. The table needs the index's columns
    (`cipher.schema.index_columns`), and need not have the sealed field.
    """

    def __init__(
        self,
        cipher: RecordCipher,
        engine: Engine,
        table: str,
        *,
        field: str,
        legacy_column: str,
        index: str | None = None,
        key: Sequence[str] = (),
        tenant_column: str | None = None,
    ) -> None:
        self._cipher, self._field, self._index = cipher, field, index
        declared = cipher.schema.find_index(field, index)
        [self._main] = declared.main_columns
        self._key = tuple(key) or cipher.schema.row_id
        names = (*self._key, legacy_column, *declared.columns, *([tenant_column] if tenant_column else []))
        namespace, _, bare = table.rpartition(".")
        self._table = table_clause(bare, *map(column, dict.fromkeys(names)), schema=namespace or None)
        self._legacy = self._table.c[legacy_column]
        self._columns = declared.columns
        self._ours: ColumnElement[bool] = (
            true() if tenant_column is None else self._table.c[tenant_column] == cipher.tenant
        )
        self._transactions = Transactions(engine)

    @property
    def phase(self) -> Md5Phase:
        """Raises `TableError`."""
        digests, left, indexed = self._counts()
        if digests == 0:
            return Md5Phase.DONE
        if left == 0:
            return Md5Phase.CUT_OVER
        return Md5Phase.BACKFILL if indexed else Md5Phase.LEGACY

    def rows_left(self) -> int:
        """Rows with a digest and without an index value. Raises `TableError`."""
        return self._counts()[1]

    def backfill(self, *, batch: int = 500, on_rows: Callable[[int], None] = lambda _: None) -> Md5UpgradeResult:
        """Write the index values of every row whose digest says another one, or that has none.

        A writer of the application's former release changes a digest and not the index value: run it again once
        the last such process is gone, until it writes nothing. Raises `TableError`, `KekError`, `KeyStoreError`.
        """
        return attempt(self._backfill, batch, on_rows).or_raise()  # the frames below hold digests

    def _backfill(self, batch: int, on_rows: Callable[[int], None]) -> Md5UpgradeResult:
        result, after = Md5UpgradeResult(), None
        while rows := self._transactions.read(lambda connection, after=after: self._page(connection, after, batch)):  # type: ignore[misc]
            after = rows[-1][0]
            self._write(rows, result)
            on_rows(len(rows))
        return result

    def clear(self) -> int:
        """Set the legacy column to NULL, in one transaction. Raises `IndexRowsLeft` where a row would lose its only
        way to be found, `TableError`."""
        left = self.rows_left()
        if left:
            raise IndexRowsLeft(f"{left:,} rows have a digest and no index value", rows=left, hint="backfill first")
        ready = and_(self._ours, self._legacy.is_not(None), self._table.c[self._main].is_not(None))
        statement = update(self._table).where(ready).values({self._legacy.name: None})
        return self._transactions.write(lambda connection: connection.execute(statement).rowcount)

    def _counts(self) -> tuple[int, int, int]:
        main = self._table.c[self._main]
        query = select(
            func.count(self._legacy), func.count(self._legacy).filter(main.is_(None)), func.count(main)
        ).where(self._ours)
        row = self._transactions.read(lambda connection: connection.execute(query).one())
        return row[0], row[1], row[2]

    def _page(self, connection: Connection, after: Key | None, limit: int) -> list[tuple[Key, Any, dict[str, Any]]]:
        keys = [self._table.c[name] for name in self._key]
        query = select(*keys, self._legacy, *(self._table.c[name] for name in self._columns))
        query = query.where(self._ours, self._legacy.is_not(None)).order_by(*keys).limit(limit)
        if after is not None:
            query = query.where(tuple_(*keys) > tuple_(*after) if len(keys) > 1 else keys[0] > after[0])
        width = len(keys)
        return [
            (tuple(row[:width]), row[width], dict(zip(self._columns, row[width + 1 :], strict=True)))
            for row in connection.execute(query)
        ]

    def _write(self, rows: Sequence[tuple[Key, Any, dict[str, Any]]], result: Md5UpgradeResult) -> None:
        made = self._cipher.index_digests(self._field, [digest for _, digest, _ in rows], index=self._index)
        changes: list[tuple[Key, Any, dict[str, Any]]] = []
        for at, (key, digest, present) in enumerate(rows):
            cells = made.values[at]
            if cells is None:
                result.refused.append(key)
            elif cells != present:
                changes.append((key, digest, cells))
        try:
            self._settle(changes, result)
        except DuplicateValue:
            for change in changes:
                try:
                    self._settle([change], result)
                except DuplicateValue:
                    result.duplicates.append(change[0])

    def _settle(self, changes: Sequence[tuple[Key, Any, dict[str, Any]]], result: Md5UpgradeResult) -> None:
        done = self._transactions.write(lambda connection: [self._swap(connection, *change) for change in changes])
        result.written += sum(done)
        result.changed_meanwhile += len(done) - sum(done)

    def _swap(self, connection: Connection, key: Key, digest: Any, cells: dict[str, Any]) -> bool:
        where = [self._table.c[name] == value for name, value in zip(self._key, key, strict=True)]
        statement = update(self._table).where(self._ours, *where, self._legacy == digest).values(cells)
        return connection.execute(statement).rowcount == 1
