"""What a run counts, for whoever watches it: a hook the shape of OpenTelemetry's counters, without needing them.

class Metrics:
    def __init__(self, meter):
        self._counters = {name: meter.create_counter(name) for name in COUNTERS}

    def add(self, name, amount, attributes):
        self._counters[name].add(amount, attributes)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

KEYS_ROTATED = "fieldvault.keys.rotated"
KEYS_REWRAPPED = "fieldvault.keys.rewrapped"
KEYS_MOVED = "fieldvault.keys.moved"
KEYS_RETIRED = "fieldvault.keys.retired"
KEYS_SHREDDED = "fieldvault.keys.shredded"
KEYS_REFUSED = "fieldvault.keys.refused"
SUBJECT_KEYS_REWRAPPED = "fieldvault.subject_keys.rewrapped"
SUBJECT_KEYS_SHREDDED = "fieldvault.subject_keys.shredded"
KEK_CALLS = "fieldvault.kek.calls"
ROWS_REENCRYPTED = "fieldvault.rows.reencrypted"
ROWS_OVERTAKEN = "fieldvault.rows.overtaken"
ROWS_REFUSED = "fieldvault.rows.refused"

COUNTERS: Mapping[str, str] = {
    KEYS_ROTATED: "new primary data keys; attribute: purpose",
    KEYS_REWRAPPED: "data keys stored under a newer version of their KEK",
    KEYS_MOVED: "data keys stored under another KEK",
    KEYS_RETIRED: "data keys destroyed because nothing needed them; attribute: purpose",
    KEYS_SHREDDED: "data keys destroyed with all that they sealed; attribute: purpose",
    KEYS_REFUSED: "data keys and subject keys that could not be unwrapped or verified, and were left as they are",
    SUBJECT_KEYS_REWRAPPED: "subject keys wrapped under a new data key",
    SUBJECT_KEYS_SHREDDED: "subject keys destroyed",
    ROWS_REENCRYPTED: "rows of tables whose cells were sealed anew; attribute: table",
    ROWS_OVERTAKEN: "rows that somebody else changed first, left to the next round; attribute: table",
    ROWS_REFUSED: "rows that could not be opened or sealed, and were left as they are; attribute: table",
    KEK_CALLS: "requests to the KEK, of up to 160 keys each; attribute: operation (wrap, unwrap, rewrap)",
}
"""Every counter, and what it counts. None has a tenant, a subject or a key id as its attribute."""


class RotationMetrics(Protocol):
    """Counts what happens. Whatever it raises ends the run, so it should not."""

    def add(self, name: str, amount: int, attributes: Mapping[str, str]) -> None:
        """`amount` more of the counter `name`, one of `COUNTERS`."""


class NoMetrics:
    """Counts nothing."""

    def add(self, name: str, amount: int, attributes: Mapping[str, str]) -> None:
        """See `RotationMetrics.add`."""


class CountingMetrics:
    """Sums in memory: for a report at the end, and for tests."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def add(self, name: str, amount: int, attributes: Mapping[str, str]) -> None:
        """See `RotationMetrics.add`. `counts` has the sum by name, and with attributes as `name{attribute}`."""
        for key in (name, *(f"{name}{{{value}}}" for value in attributes.values())):
            self.counts[key] = self.counts.get(key, 0) + amount
