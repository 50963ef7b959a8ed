"""How far a round is: rows looked at, rows left under each key, rate and estimate."""

from __future__ import annotations

import time
from collections.abc import Sequence

from fieldvault.rotation.reencrypt.results import ReencryptionProgress
from fieldvault.rotation.reencrypt.worker import Batch, Place


class Gauge:
    """Counts once at the beginning of a round, and takes off what is done. Its caller holds a lock.

    `key_ids` are those that cells may be under, the one that they go to first; none where that is not asked.
    """

    def __init__(self, place: Place, round_: int, key_ids: Sequence[bytes]) -> None:
        self._place, self._round = place, round_
        self._started = time.monotonic()
        self._rows = 0
        self._left: dict[bytes | None, int] = {}
        self._total = self._census(key_ids) if key_ids else self._count()

    def _census(self, key_ids: Sequence[bytes]) -> int:
        """The rows that are not under the first of the keys alone, noted by their keys."""
        place = self._place
        census = place.transactions.read(lambda connection: place.table.census(connection, place.tenant, key_ids))
        for keys, rows in census.items():
            for key_id in keys - {key_ids[0]}:
                self._left[key_id] = self._left.get(key_id, 0) + rows
        return sum(rows for keys, rows in census.items() if keys - {key_ids[0]})

    def _count(self) -> int:
        place = self._place
        return place.transactions.read(
            lambda connection: place.table.count(connection, place.tenant, place.work.where)
        )

    def after(self, batch: Batch) -> ReencryptionProgress:
        """How far it is, with this batch."""
        self._rows += len(batch.page.keys)
        for key_id, rows in batch.settled.left_keys.items():
            known = key_id if key_id in self._left else None
            self._left[known] = max(0, self._left.get(known, 0) - rows)
        elapsed = time.monotonic() - self._started
        rate = self._rows / elapsed if elapsed > 0 else None
        return ReencryptionProgress(
            table=self._place.table.name,
            tenant=self._place.tenant,
            round=self._round,
            rows=self._rows,
            total=max(self._total, self._rows),
            rows_left={"" if one is None else one.hex(): rows for one, rows in self._left.items() if rows},
            rows_per_second=rate,
            seconds_left=(self._total - self._rows) / rate if rate and self._total > self._rows else None,
        )
