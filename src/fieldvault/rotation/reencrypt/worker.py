"""One worker on one part of a table: read, settle, write, page by page.

Rules of this file:

1. A batch's rows and the checkpoint behind them are one transaction.
2. A page is sealed only when the one before is committed, so at most one batch was sealed for nothing when the
   process is killed. Reading and opening go ahead.
3. A stop that was asked for ends the part after a batch, never within.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy.engine import Connection

from fieldvault.rotation.reencrypt import checkpoint as checkpoints
from fieldvault.rotation.reencrypt.checkpoint import Part
from fieldvault.rotation.reencrypt.page import Changes, Opened, Page, Settled
from fieldvault.rotation.reencrypt.reading_ahead import ReadingAhead, ReadingInTurn
from fieldvault.rotation.reencrypt.stopping import Stop
from fieldvault.rotation.reencrypt.swapping import Swapper
from fieldvault.rotation.reencrypt.table import Range, SealedTable
from fieldvault.rotation.reencrypt.work import Work
from fieldvault.rotation.transactions import DuplicateValue, Transactions

WRITTEN, OVERTAKEN, REFUSED, FINE = "written", "overtaken", "refused", "fine"
DUPLICATE = "DuplicateValue"


@dataclass(frozen=True, slots=True)
class Place:
    """Whose rows of which table, and what is done with them."""

    table: SealedTable
    tenant: str | None
    work: Work
    batch: int
    transactions: Transactions
    swapper: Swapper

    def read(self, rest: Range) -> Opened | None:
        """The first page of a range, opened."""
        names = tuple(dict.fromkeys(self.work.names))
        page = self.transactions.read(
            lambda connection: self.table.page(connection, self.tenant, self.work.where, rest, self.batch, names)
        )
        return None if page is None else self.work.open(page)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that was committed. `counts` is its own: rows by outcome, and refused ones by reason as well."""

    place: Place
    page: Page
    settled: Settled
    counts: Counter[str]


class Worker:
    """Takes one part to its end; `on_batch` is told of each batch. `writes` False: nothing is written at all."""

    def __init__(
        self, place: Place, part: Part, stop: Stop, on_batch: Callable[[Batch], None], *, writes: bool
    ) -> None:
        self._place, self._part, self._stop = place, part, stop
        self._on_batch, self._writes = on_batch, writes

    def run(self) -> Part:
        """Until the end of the part, or until a stop is asked for. Returns where it is.

        Raises `TableError`, `KekError`, `KeyStoreError`, `ReencryptionTakenOver`.
        """
        in_turn = self._place.table.engine.dialect.name == "sqlite"
        with (ReadingInTurn if in_turn else ReadingAhead)(self._place.read) as pages:
            pages.begin(self._part.rest)
            while not self._stop.asked and not self._part.ended:
                opened = pages.take()
                if opened is None:
                    self._save(replace(self._part, ended=True))
                    break
                pages.begin((opened.page.end, self._part.range[1]))
                self._take(opened)
        return self._part

    def _take(self, opened: Opened) -> None:
        page, settled = opened.page, opened.seal()
        counts = Counter({FINE: settled.fine, REFUSED: len(settled.refused)})
        counts.update(f"{REFUSED}:{type(error).__name__}" for error in settled.refused.values())
        try:
            self._commit(page, settled.changes, counts)
        except DuplicateValue:
            self._commit_one_by_one(page, settled.changes, counts)
        self._on_batch(Batch(self._place, page, settled, +counts))

    def _commit(self, page: Page, changes: Changes | None, counts: Counter[str]) -> None:
        def work(connection: Connection) -> tuple[Part, Counter[str]]:
            written = self._swap(connection, changes)
            outcome = Counter(
                {WRITTEN: written, OVERTAKEN: (0 if changes is None else len(changes.keys)) - written}
            )
            part = replace(self._part, position=page.end, counts=self._part.counts + counts + outcome)
            checkpoints.advance(connection, part, datetime.now(UTC))
            return part, outcome

        if self._writes:
            self._part, outcome = self._place.transactions.write(work)
            counts.update(outcome)
        else:
            self._part = replace(self._part, position=page.end, counts=self._part.counts + counts)

    def _commit_one_by_one(self, page: Page, changes: Changes | None, counts: Counter[str]) -> None:
        """A batch in which some row's index value is another row's: the others are written all the same."""
        for one in [] if changes is None else _rows(changes):
            try:
                written = self._place.transactions.write(lambda connection, one=one: self._swap(connection, one))  # type: ignore[misc]
                counts.update({WRITTEN: written, OVERTAKEN: 1 - written})
            except DuplicateValue:
                counts.update([REFUSED, f"{REFUSED}:{DUPLICATE}"])
        self._save(replace(self._part, position=page.end, counts=self._part.counts + counts))

    def _swap(self, connection: Connection, changes: Changes | None) -> int:
        return 0 if changes is None else self._place.swapper.swap(connection, self._place.tenant, changes)

    def _save(self, part: Part) -> None:
        if self._writes:
            self._place.transactions.write(
                lambda connection: checkpoints.advance(connection, part, datetime.now(UTC))
            )
        self._part = part


def _rows(changes: Changes) -> Iterator[Changes]:
    for at, key in enumerate(changes.keys):
        old = {name: [column[at]] for name, column in changes.old.items()}
        yield Changes([key], old, {name: [column[at]] for name, column in changes.new.items()})
