"""A batch of legacy rows to wrapped strings, on several threads; Argon2 releases the GIL while it hashes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from fieldvault.password_migration.sorting import Legacy
from fieldvault.passwords import PasswordHasher

SLICES_PER_THREAD = 2
"""Threads end together even if one is held up; a pepper is asked once a slice."""


def wrap_all(
    hasher: PasswordHasher, rows: Sequence[Legacy], pool: ThreadPoolExecutor, threads: int
) -> list[str | None]:
    """A wrapped string for each row, in order; None for one that is refused (absurd rounds).

    Raises what `PasswordHasher.wrap_many` raises; then no further slice is begun.
    """
    by_scheme: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        by_scheme[row.scheme.name].append(at)
    size = -(-len(rows) // (threads * SLICES_PER_THREAD)) or 1
    slices = [places[at : at + size] for places in by_scheme.values() for at in range(0, len(places), size)]
    futures = [
        pool.submit(hasher.wrap_many, [(rows[at].stored, rows[at].salt) for at in places], rows[places[0]].scheme)
        for places in slices
    ]
    results: list[str | None] = [None] * len(rows)
    try:
        for places, future in zip(slices, futures, strict=True):
            for at, new in zip(places, future.result(), strict=True):
                results[at] = new if isinstance(new, str) else None
    finally:
        for future in futures:  # on any way out but the usual one, start no further hash
            future.cancel()
    return results
