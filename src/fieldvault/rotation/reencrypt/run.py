"""One tenant's rows of one table: rounds over its parts until nothing is left that can be done.

Rules of this file:

1. The primary is read anew at the beginning of each round, so that rows go to the newest key even where it was made
   while the run went on.
2. A round begins anew where rows are left that were not refused: those that writers changed meanwhile, or wrote
   under a key that they still held for the primary.
3. Where one worker fails, the others end after their batch, and the first failure is raised.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fieldvault.attempts import Outcome, attempt
from fieldvault.errors import ConfigurationError
from fieldvault.rotation.metrics import ROWS_OVERTAKEN, ROWS_REENCRYPTED, ROWS_REFUSED, NoMetrics, RotationMetrics
from fieldvault.rotation.reencrypt import checkpoint as checkpoints
from fieldvault.rotation.reencrypt.checkpoint import Job, Part
from fieldvault.rotation.reencrypt.gauge import Gauge
from fieldvault.rotation.reencrypt.pace import Pace
from fieldvault.rotation.reencrypt.results import SHOWN_KEYS, ReencryptionProgress, TableResult
from fieldvault.rotation.reencrypt.stopping import Stop
from fieldvault.rotation.reencrypt.swapping import swapper_for
from fieldvault.rotation.reencrypt.table import SealedTable
from fieldvault.rotation.reencrypt.work import Work
from fieldvault.rotation.reencrypt.worker import FINE, OVERTAKEN, REFUSED, WRITTEN, Batch, Place, Worker
from fieldvault.rotation.transactions import DuplicateValue, Transactions

ROWS = {ROWS_REENCRYPTED: WRITTEN, ROWS_REFUSED: REFUSED, ROWS_OVERTAKEN: OVERTAKEN}
MAX_ROUNDS = 20
"""Writers that go on writing under a former key would keep a run busy for ever."""


@dataclass(frozen=True, slots=True)
class ReencryptionOptions:
    """How fast, by how many threads, and who is told. `batch` is rows a transaction."""

    batch: int = 1_000
    workers: int = 1
    paces: Sequence[Pace] = ()
    stop: Stop = field(default_factory=Stop)
    on_progress: Callable[[ReencryptionProgress], None] = lambda _: None
    metrics: RotationMetrics = field(default_factory=NoMetrics)

    def __post_init__(self) -> None:
        if self.batch < 1 or self.workers < 1:
            raise ConfigurationError("a run needs at least one row a batch and one worker")


@dataclass(frozen=True, slots=True)
class Target:
    """What a round goes to. `key_ids` are the scope's for the gauge, the one to go to first."""

    work: Work
    key_id: str
    key_ids: Sequence[bytes] = ()


class TableRun:
    """`title` says what is done, for the checkpoint's name. `target` is asked at the beginning of each round."""

    def __init__(
        self,
        title: str,
        table: SealedTable,
        tenant: str | None,
        target: Callable[[], Target],
        options: ReencryptionOptions,
    ) -> None:
        self._title = f"{title} {table.name}" + ("" if tenant is None else f" of {tenant}")
        self._table, self._tenant, self._options = table, tenant, options
        self._target = target
        self._transactions = Transactions(table.engine)
        self._stop = Stop(options.stop)
        self._lock = threading.Lock()
        self._result = TableResult(table.name, tenant)

    def write(self) -> TableResult:
        """Raises `TableError`, `KekError`, `KeyStoreError`, `ReencryptionTakenOver`, and what a pace raises."""
        started = time.monotonic()
        self._transactions.write(checkpoints.create_table)
        owner, taken, parts = secrets.token_hex(16), None, []
        for _ in range(MAX_ROUNDS):
            target = self._target()
            if taken != target.key_id:
                taken, parts = target.key_id, self._take_over(target, owner)
            before = _sum(parts)
            parts = self._round(parts, target, writes=True)
            self._result.left = left = self._count(target)
            round_ = _sum(parts) - before
            if self._stop.asked:
                break
            if not round_[OVERTAKEN] and (left <= _sum(parts)[REFUSED] or not round_[WRITTEN]):
                self._finish(parts)
                break
            parts = self._begin_again(parts)
        self._settle(parts, started)
        return self._result

    def look(self) -> TableResult:
        """The same, and nothing is written: not even how far it is."""
        started = time.monotonic()
        target = self._target()
        parts = self._transactions.read(
            lambda connection: [
                Part("", number, "", 1, range_, None, False, Counter())
                for number, range_ in enumerate(self._table.split(connection, self._tenant, self._options.workers))
            ]
        )
        self._settle(self._round(parts, target, writes=False), started)
        return self._result

    # --- a round ---------------------------------------------------------------------------------

    def _round(self, parts: Sequence[Part], target: Target, *, writes: bool) -> list[Part]:
        table = self._table
        swapper = swapper_for(table, table.engine)
        place = Place(table, self._tenant, target.work, self._options.batch, self._transactions, swapper)
        gauge = Gauge(place, parts[0].round, target.key_ids)
        workers = [Worker(place, one, self._stop, self._after_each(gauge), writes=writes) for one in parts]
        self._result.rounds = parts[0].round
        if self._options.workers == 1:
            return [one.run() for one in workers]
        with ThreadPoolExecutor(self._options.workers, thread_name_prefix="fieldvault-reencrypt") as pool:
            try:
                outcomes = list(pool.map(self._or_stop_all, workers))
            except BaseException:  # an interrupt, or a fault of ours: nobody waits for the others' ends
                self._stop.ask()
                raise
        return [one.or_raise() for one in outcomes]

    def _or_stop_all(self, worker: Worker) -> Outcome[Part]:
        outcome = attempt(worker.run)
        if outcome.failed:
            self._stop.ask()
        return outcome

    def _after_each(self, gauge: Gauge) -> Callable[[Batch], None]:
        def told(batch: Batch) -> None:
            with self._lock:
                self._note(batch)
                progress = gauge.after(batch)
            self._options.on_progress(progress)
            self._stop.keep_pace(self._options.paces, len(batch.page.keys))

        return told

    def _note(self, batch: Batch) -> None:
        room = SHOWN_KEYS - len(self._result.refused_keys)
        if batch.settled.refused and room > 0:
            self._result.refused_keys += [batch.page.keys[at] for at in sorted(batch.settled.refused)[:room]]
        for counter, outcome in ROWS.items():
            if batch.counts[outcome]:
                self._options.metrics.add(counter, batch.counts[outcome], {"table": self._table.name})

    # --- the checkpoint --------------------------------------------------------------------------

    def _take_over(self, target: Target, owner: str) -> list[Part]:
        job = Job(self._title, target.key_id)
        while True:
            try:
                return self._transactions.write(
                    lambda connection: checkpoints.take_over(
                        connection,
                        job,
                        owner,
                        datetime.now(UTC),
                        lambda: self._table.split(connection, self._tenant, self._options.workers),
                    )
                )
            except DuplicateValue:
                continue  # another run made the same job in this moment: take it over from that

    def _begin_again(self, parts: Sequence[Part]) -> list[Part]:
        return self._transactions.write(
            lambda connection: checkpoints.begin_again(connection, parts, datetime.now(UTC))
        )

    def _finish(self, parts: Sequence[Part]) -> None:
        self._transactions.write(lambda connection: checkpoints.finish(connection, parts, datetime.now(UTC)))

    def _count(self, target: Target) -> int:
        return self._transactions.read(
            lambda connection: self._table.count(connection, self._tenant, target.work.left)
        )

    def _settle(self, parts: Sequence[Part], started: float) -> None:
        counts, prefix = _sum(parts), f"{REFUSED}:"
        self._result.written, self._result.overtaken = counts[WRITTEN], counts[OVERTAKEN]
        self._result.fine = counts[FINE]
        self._result.refused = Counter(
            {name.removeprefix(prefix): rows for name, rows in counts.items() if name.startswith(prefix)}
        )
        self._result.seconds = time.monotonic() - started


def _sum(parts: Sequence[Part]) -> Counter[str]:
    return sum((one.counts for one in parts), Counter())
