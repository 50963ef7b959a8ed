"""Not faster than the application can bear beside it: between two batches, every pace is asked how long to wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine

from fieldvault.errors import ConfigurationError
from fieldvault.rotation.transactions import Transactions

PAUSE_SECONDS = 1.0
_LAG = text(
    "SELECT max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)), count(*) FILTER (WHERE replay_lsn IS NULL)"
    " FROM pg_stat_replication"
)


class Pace(Protocol):
    """Asked by every worker after each batch, and again after each wait until it says 0."""

    def seconds(self, rows: int) -> float:
        """How long to wait now; `rows` were just written, 0 when asked again."""


class RowsPerSecond:
    """On average at most `rate` rows a second over all workers; time that was lost is not made up for."""

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        if not 0 < rate < float("inf"):
            raise ConfigurationError("the rate must be more than 0 rows a second")
        self._rate, self._clock = rate, clock
        self._lock = threading.Lock()
        self._due = clock()

    def seconds(self, rows: int) -> float:
        """See `Pace`."""
        with self._lock:
            now = self._clock()
            if rows:
                self._due = max(self._due, now - rows / self._rate) + rows / self._rate
            return max(0.0, self._due - now)


class PauseWhile:
    """Waits while `busy()` is true: an application's own judgement, e.g. of its queues or of the hour."""

    def __init__(self, busy: Callable[[], bool], *, every: float = PAUSE_SECONDS) -> None:
        self._busy, self._every = busy, every

    def seconds(self, rows: int) -> float:  # noqa: ARG002
        """See `Pace`."""
        return self._every if self._busy() else 0.0


class ReplicationLag:
    """Waits while a replica of PostgreSQL has more than `megabytes` of changes still to replay.

    In bytes, because PostgreSQL's times of lag stand still while a replica stands still. Raises
    `ConfigurationError` for another database, and when asked by a role that may not see it; `TableError`.
    """

    def __init__(self, engine: Engine, megabytes: float, *, every: float = PAUSE_SECONDS) -> None:
        if engine.dialect.name != "postgresql":
            raise ConfigurationError("replication lag is known of PostgreSQL only")
        self._transactions = Transactions(engine)
        self._most = megabytes * 2**20
        self._every = every

    def seconds(self, rows: int) -> float:  # noqa: ARG002
        """See `Pace`."""
        return self._every if self._transactions.read(_lag) > self._most else 0.0


def _lag(connection: Connection) -> float:
    lag, hidden = connection.execute(_LAG).one()
    if hidden and lag is None:
        raise ConfigurationError(
            "this role may not see how far replicas are", hint="GRANT pg_read_all_stats TO the role"
        )
    return float(lag or 0)
