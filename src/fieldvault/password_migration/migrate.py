"""The migration: every legacy row becomes Argon2id over its legacy digest, in batches, with threads.

1. Hashing happens outside of any transaction, so no row is locked while it lasts. Then one transaction replaces the
   rows that still hold what was read, and moves the checkpoint.
2. A row that was changed meanwhile stays as it is, and is looked at again: the table is read from its beginning
   until a whole round finds nothing to do. That finds rows that were inserted behind the position as well.
3. A row that is not exactly of a known or declared shape is counted and left. Nothing is guessed.
4. Memory: threads times the memory of one hash, and one page of rows.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import inspect
from sqlalchemy.engine import Connection

from fieldvault.attempts import attempt
from fieldvault.errors import ConfigurationError, SchemeNotProved
from fieldvault.password_migration import checkpoint as checkpoints
from fieldvault.password_migration.checkpoint import Checkpoint
from fieldvault.password_migration.database import Database
from fieldvault.password_migration.failures import PasswordTableError
from fieldvault.password_migration.sorting import Legacy, Sorter
from fieldvault.password_migration.table import PAGE, Id, PasswordTable, Row
from fieldvault.password_migration.throttle import NoThrottle, Throttle
from fieldvault.password_migration.wrapping import wrap_all
from fieldvault.passwords import PasswordHasher

BATCH = 100
REFUSED = "refused: asks for absurd rounds"
MAX_ROUNDS = 20
"""An application that goes on writing legacy hashes would keep a migration busy for ever."""


@dataclass(frozen=True, slots=True)
class Progress:
    """After a batch. `seconds_left` is an estimate; None where there is nothing to estimate from."""

    round: int
    rows: int
    total: int
    wrapped: int
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class MigrationResult:
    """`wrapped` by scheme, over all runs of this migration. `left` by what was found, in the last round.

    `changed_meanwhile` counts the rows whose password was newer than ours, and was kept. `finished` is False where
    the rounds ran out.
    """

    wrapped: Counter[str]
    left: Counter[str]
    changed_meanwhile: int
    rounds: int
    batches: int
    finished: bool


@dataclass(slots=True)
class _Batch:
    rows: list[tuple[Row, Legacy]] = field(default_factory=list, repr=False)
    left: Counter[str] = field(default_factory=Counter)
    read: int = 0
    end: Id | None = field(default=None, repr=False)


class Migration:
    """A migration of one column. `threads` hash at the same time; `batch` rows are one transaction.

    Raises `ConfigurationError` for numbers below 1.
    """

    def __init__(
        self,
        database: Database,
        table: PasswordTable,
        sorter: Sorter,
        hasher: PasswordHasher,
        *,
        batch: int = BATCH,
        threads: int = 1,
        throttle: Throttle | None = None,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        if batch < 1 or threads < 1:
            raise ConfigurationError("a migration needs at least one row a batch and one thread")
        self._database, self._table, self._sorter, self._hasher = database, table, sorter, hasher
        self._batch, self._threads = batch, threads
        self._throttle = NoThrottle() if throttle is None else throttle
        self._on_progress = on_progress
        self._wrapped_here = 0

    def run(self) -> MigrationResult:
        """Go on where the last run stopped, or begin. Every batch that was committed stays, whatever is raised.

        Raises `SchemeNotProved` before anything is written, `PasswordTableError`, `MigrationTakenOver`, and
        `KekError` where the pepper cannot be used.
        """
        return attempt(self._run).or_raise()

    def _run(self) -> MigrationResult:
        job = self._table.declared.name
        self._refuse_djangos_own_table()
        self._database.write(checkpoints.create_tables)
        self._require_proofs(job)
        owner = secrets.token_hex(16)
        checkpoint = self._database.write(
            lambda connection: checkpoints.take_over(connection, job, owner, datetime.now(UTC))
        )
        with ThreadPoolExecutor(self._threads, thread_name_prefix="fieldvault-passwords") as pool:
            while True:
                checkpoint, replaced_or_missed = self._round(checkpoint, pool)
                finished = not replaced_or_missed
                if finished or checkpoint.round >= MAX_ROUNDS:
                    break
                checkpoint = checkpoint.begun_again()
        checkpoint = replace(checkpoint, finished_at=datetime.now(UTC))
        self._database.write(lambda connection: checkpoints.advance(connection, checkpoint, datetime.now(UTC)))
        return result_of(checkpoint, finished=finished)

    def _refuse_djangos_own_table(self) -> None:
        # Django spells a wrapped hash in its own way; it would not know ours, and nobody could log in.
        if self._table.declared.table != "auth_user":
            return
        if self._database.read(lambda connection: inspect(connection).has_table("django_migrations")):
            raise PasswordTableError(
                "auth_user is Django's own table, whose hashes are spelled in another way",
                hint="wrap them in a data migration: fieldvault.contrib.django, WrapPasswords; nothing was written",
            )

    def _require_proofs(self, job: str) -> None:
        proved = self._database.read(lambda connection: checkpoints.proved(connection, job))
        missing = [one.label for one in self._sorter.declared if one.signature not in proved]
        if missing:
            raise SchemeNotProved(
                f"not proved on a known password: {', '.join(missing)}",
                hint="fieldvault passwords prove KNOWN.jsonl; nothing was written",
            )

    def _round(self, checkpoint: Checkpoint, pool: ThreadPoolExecutor) -> tuple[Checkpoint, bool]:
        """Until the end of the table. Also says whether anything was there to be done."""
        busy = checkpoint.position is not None  # what was done before, in this round, is not known
        if checkpoint.position is None:
            checkpoint = _without_left(checkpoint)
        position = checkpoint.position
        total = self._database.read(lambda connection: self._table.count(connection, position))
        started, rows, hashed = time.monotonic(), 0, 0
        for batch in self._batches(position):
            news = wrap_all(self._hasher, [found for _, found in batch.rows], pool, self._threads)
            checkpoint, wrapped = self._commit(checkpoint, batch, news)
            rows, hashed, busy = rows + batch.read, hashed + len(news), busy or any(new is not None for new in news)
            self._wrapped_here += wrapped
            self._throttle.after(len(news))
            left = (total - rows) * (time.monotonic() - started) / rows
            self._on_progress(Progress(checkpoint.round, rows, total, self._wrapped_here, max(0.0, left)))
        return checkpoint, busy

    def _batches(self, position: Id | None) -> Iterator[_Batch]:
        size = self._batch
        while True:
            rows = self._database.read(
                lambda connection, after=position, limit=size: self._table.page(connection, after, limit)  # type: ignore[misc]
            )
            if not rows:
                return
            batch = self._cut(rows)
            yield batch
            position = batch.end
            # Where there is nothing to do, a page is read fast and may be large.
            size = self._batch if batch.rows else min(size * 2, max(PAGE, self._batch))

    def _cut(self, rows: Sequence[Row]) -> _Batch:
        """The rows up to the last that fits into a batch; the others are read again."""
        batch = _Batch()
        for row in rows:
            found = self._sorter.sort(row)
            if found.legacy is None:
                batch.left[found.label] += 1
            else:
                batch.rows.append((row, found.legacy))
            batch.read += 1
            batch.end = row.id
            if len(batch.rows) == self._batch:
                break
        return batch

    def _commit(self, before: Checkpoint, batch: _Batch, news: list[str | None]) -> tuple[Checkpoint, int]:
        """One transaction: the rows and the checkpoint. Returns how many rows were replaced, too."""
        changes = [
            (row, found.label, new) for (row, found), new in zip(batch.rows, news, strict=True) if new is not None
        ]
        self._table.check_width(max((len(new) for _, _, new in changes), default=0))

        def work(connection: Connection) -> tuple[Checkpoint, int]:
            counts = before.counts + Counter({f"left:{label}": count for label, count in batch.left.items()})
            after = replace(before, position=batch.end, batches=before.batches + 1, counts=counts)
            # The checkpoint's row first: whoever was taken over finds out before it locks anybody's row.
            checkpoints.advance(connection, after, datetime.now(UTC))
            replaced = self._table.replace(connection, [(row, new) for row, _, new in changes])
            for (_, label, _), was in zip(changes, replaced, strict=True):
                counts[f"wrapped:{label}" if was else "changed"] += 1
            if batch.rows:
                counts += Counter({f"left:{REFUSED}": len(batch.rows) - len(changes)})
                after = replace(after, counts=counts)
                checkpoints.advance(connection, after, datetime.now(UTC))
            return after, sum(replaced)

        return self._database.write(work)


def result_of(checkpoint: Checkpoint, *, finished: bool) -> MigrationResult:
    """What a checkpoint says."""
    return MigrationResult(
        wrapped=_part(checkpoint.counts, "wrapped:"),
        left=_part(checkpoint.counts, "left:"),
        changed_meanwhile=checkpoint.counts["changed"],
        rounds=checkpoint.round,
        batches=checkpoint.batches,
        finished=finished,
    )


def _part(counts: Counter[str], prefix: str) -> Counter[str]:
    return Counter({key.removeprefix(prefix): count for key, count in counts.items() if key.startswith(prefix)})


def _without_left(checkpoint: Checkpoint) -> Checkpoint:
    kept = {key: count for key, count in checkpoint.counts.items() if not key.startswith("left:")}
    return replace(checkpoint, counts=Counter(kept))
