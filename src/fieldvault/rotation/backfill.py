"""The backfill: the index columns of every row that is left, as the present phase writes them.

Rules of this file:

1. It is a writer like any other: it opens a row, indexes it by the phase's rules, and writes the index columns.
2. A row that was changed meanwhile was changed by a writer that knows the phase, and is passed over (`swap`).
3. How far it came is what the rows say. Killed at any point, it goes on where rows are left.
4. The index value of a person whose key was shredded is cleared: nobody can compute it any more, and nobody should
   find the row.
5. An index value that was made from a legacy digest, beside a sealed value that is NULL still, cannot be made
   again: the row is refused and holds the rotation, or the only way to find it would be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fieldvault.attempts import attempt
from fieldvault.errors import FieldvaultError, IndexStepRefused, KeyDestroyed
from fieldvault.keyring import Keyrings
from fieldvault.ports import IndexPhase
from fieldvault.record import RecordCipher
from fieldvault.rotation.index_rotation import IndexRotation
from fieldvault.rotation.keyed_table import Key
from fieldvault.rotation.table import IndexedTable, Row
from fieldvault.rotation.transactions import DuplicateValue, Transactions


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """`rows` handled so far of about `total`, in this round over `table`."""

    table: str
    round: int
    rows: int
    total: int


@dataclass(slots=True)
class BackfillResult:
    """What was done to the rows of all tables.

    `written` rows have new index values. `cleared` rows are of persons whose keys were shredded: their index values
    are NULL now. `changed_meanwhile` rows were changed by somebody else, who knows the phase. `refused` has, by
    table, the keys of rows that cannot be opened or indexed (those that have an MD5 index value and no sealed value
    too: an `Md5Upgrade` goes on with them while they have their digest), and `duplicates` of those whose value
    another row has; both stay as they are. `left` is how many rows are left.
    """

    written: int = 0
    cleared: int = 0
    changed_meanwhile: int = 0
    refused: dict[str, list[Key]] = field(default_factory=dict)
    duplicates: dict[str, list[Key]] = field(default_factory=dict)
    left: int = 0


class Backfill:
    """Brings every table of a rotation to what its phase needs, in batches of `batch` rows."""

    def __init__(
        self,
        keyrings: Keyrings,
        rotation: IndexRotation,
        *,
        batch: int = 500,
        on_progress: Callable[[BackfillProgress], None] = lambda _: None,
    ) -> None:
        self._keyrings = keyrings
        self._rotation = rotation
        self._batch = batch
        self._on_progress = on_progress

    def run(self) -> BackfillResult:
        """Until no row is left, or none of those left can be written.

        Raises `IndexStepRefused` in DUAL_WRITE, whose writers must all know it first, `TableError`, `KekError`,
        `KeyStoreError`.
        """
        return attempt(self._run).or_raise()  # the frames below hold cells

    def _run(self) -> BackfillResult:
        state = self._rotation.state
        if state.phase is IndexPhase.DUAL_WRITE:
            raise IndexStepRefused(
                "in dual-write some writers may not write both values yet, and rows would be left behind",
                hint=f"wait {state.seconds_left:.0f} seconds, advance, then run the backfill",
            )
        result = BackfillResult()
        if state.next_version is not None:
            for table in self._rotation.tables:
                _TableBackfill(self, table, state.phase, state.next_version, result).run()
        return result


class _TableBackfill:
    def __init__(
        self, job: Backfill, table: IndexedTable, phase: IndexPhase, version: int, result: BackfillResult
    ) -> None:
        self._job = job
        self._table = table
        self._phase = phase
        self._where = table.left(phase, version)
        self._result = result
        self._tenant = job._rotation.tenant
        self._transactions = Transactions(table.engine)
        self._cipher = RecordCipher(table.schema, job._keyrings, tenant=self._tenant, form=table.form)
        # Read anew, or the rows of the first seconds would be written by the rules of the phase before.
        self._cipher.index_keyring.forget_index_state()
        self._stuck: set[Key] = set()

    def run(self) -> None:
        round_, left = 0, self._count()
        while left > len(self._stuck):
            round_ += 1
            before = self._result.written + self._result.cleared + self._result.changed_meanwhile
            self._round(round_, left)
            left = self._count()
            if self._result.written + self._result.cleared + self._result.changed_meanwhile == before:
                break
        self._result.left += left

    def _round(self, number: int, total: int) -> None:
        after: Key | None = None
        done = 0
        while True:
            rows = self._transactions.read(
                lambda connection, after=after: self._table.page(  # type: ignore[misc]
                    connection, self._tenant, self._where, after, self._job._batch
                )
            )
            if not rows:
                return
            after = rows[-1].key
            self._write([row for row in rows if row.key not in self._stuck])
            done += len(rows)
            self._job._on_progress(BackfillProgress(self._table.name, number, done, max(done, total)))

    def _write(self, rows: Sequence[Row]) -> None:
        changes = self._cleared_followers(rows) if self._phase is IndexPhase.DROP else self._indexed(rows)
        try:
            self._settle(changes, self._swap(changes))
        except DuplicateValue:
            for change in changes:
                try:
                    self._settle([change], self._swap([change]))
                except DuplicateValue:
                    self._note(self._result.duplicates, change[0])

    def _swap(self, changes: Sequence[tuple[Row, dict[str, Any], bool]]) -> list[bool]:
        return self._transactions.write(
            lambda connection: [self._table.swap(connection, self._tenant, row, cells) for row, cells, _ in changes]
        )

    def _settle(self, changes: Sequence[tuple[Row, dict[str, Any], bool]], swapped: Sequence[bool]) -> None:
        for (_, _, erased), done in zip(changes, swapped, strict=True):
            if not done:
                self._result.changed_meanwhile += 1
            elif erased:
                self._result.cleared += 1
            else:
                self._result.written += 1

    def _cleared_followers(self, rows: Sequence[Row]) -> list[tuple[Row, dict[str, Any], bool]]:
        nothing = dict.fromkeys(self._table.following_columns())
        return [(row, nothing, False) for row in rows]

    def _indexed(self, rows: Sequence[Row]) -> list[tuple[Row, dict[str, Any], bool]]:
        if not rows:
            return []
        indexed = self._cipher.index_again(self._table.records(rows))
        changes: list[tuple[Row, dict[str, Any], bool]] = []
        for at, row in enumerate(rows):
            cells, failure = indexed.values[at], indexed.failures.get(at)
            if self._table.is_from_digest_alone(row):
                self._note(self._result.refused, row)
            elif cells is not None and failure is None:
                changes.append((row, cells, False))
            elif _is_erased(failure):
                changes.append((row, dict.fromkeys(self._table.schema.index_columns), True))
            else:
                self._note(self._result.refused, row)
        return changes

    def _note(self, where: dict[str, list[Key]], row: Row) -> None:
        self._stuck.add(row.key)
        where.setdefault(self._table.name, []).append(row.key)

    def _count(self) -> int:
        return self._transactions.read(lambda connection: self._table.count(connection, self._tenant, self._where))


def _is_erased(failure: FieldvaultError | None) -> bool:
    return isinstance(failure, KeyDestroyed)
