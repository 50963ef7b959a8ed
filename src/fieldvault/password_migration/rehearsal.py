"""A dry run: what a migration would do, and how long it would take here. Nothing is written."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import inspect
from sqlalchemy.engine import Connection

from fieldvault.attempts import attempt
from fieldvault.password_migration import checkpoint as checkpoints
from fieldvault.password_migration.database import Database
from fieldvault.password_migration.failures import PasswordTableError
from fieldvault.password_migration.sorting import Kind, Legacy, Sorter
from fieldvault.password_migration.survey import Survey
from fieldvault.password_migration.table import PasswordTable, pages
from fieldvault.password_migration.wrapping import wrap_all
from fieldvault.passwords import PasswordHasher

SAMPLES = 8
"""Rows of each scheme that are hashed for the estimate; what comes out is thrown away."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`seconds` is the estimate for hashing all rows. `longest` is in characters.

    `too_narrow` is what a migration would raise, where the column cannot hold as many.
    `not_proved` are the declared schemes that `prove` has to prove first.
    """

    survey: Survey
    seconds: float
    longest: int
    too_narrow: PasswordTableError | None
    not_proved: list[str]


def rehearse(
    database: Database,
    table: PasswordTable,
    sorter: Sorter,
    hasher: PasswordHasher,
    *,
    threads: int = 1,
    on_rows: Callable[[int], None] = lambda _: None,
) -> Rehearsal:
    """Read every row, hash a few. Raises as `Migration.run`, but not for a column that is too narrow."""
    return attempt(_rehearse, database, table, sorter, hasher, threads, on_rows).or_raise()


def _rehearse(
    database: Database,
    table: PasswordTable,
    sorter: Sorter,
    hasher: PasswordHasher,
    threads: int,
    on_rows: Callable[[int], None],
) -> Rehearsal:
    found = Survey()
    samples: dict[str, list[Legacy]] = {}
    for rows in pages(database, table):
        for row in rows:
            one = sorter.sort(row)
            found.counts[one.kind, one.label] += 1
            if one.legacy is not None and len(taken := samples.setdefault(one.label, [])) < SAMPLES:
                taken.append(one.legacy)
        on_rows(len(rows))
    sample = [one for taken in samples.values() for one in taken]
    started = time.perf_counter()
    with ThreadPoolExecutor(threads, thread_name_prefix="fieldvault-passwords") as pool:
        hashes = wrap_all(hasher, sample, pool, threads)
    each = (time.perf_counter() - started) / len(sample) if sample else 0.0
    proved = database.read(lambda connection: _proved(connection, table.declared.name))
    longest = max((len(one) for one in hashes if one is not None), default=0)
    too_narrow = None
    try:
        table.check_width(longest)
    except PasswordTableError as error:
        too_narrow = error.detached()
    return Rehearsal(
        survey=found,
        seconds=each * found.of(Kind.LEGACY),
        longest=longest,
        too_narrow=too_narrow,
        not_proved=[one.label for one in sorter.declared if one.signature not in proved],
    )


def _proved(connection: Connection, job: str) -> dict[str, int]:
    if not inspect(connection).has_table(checkpoints.proofs.name):
        return {}
    return checkpoints.proved(connection, job)
