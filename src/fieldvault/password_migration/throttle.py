"""Not faster than the application can bear beside it."""

from __future__ import annotations

import time
from collections.abc import Callable

from fieldvault.errors import ConfigurationError


class NoThrottle:
    """As fast as it goes."""

    def after(self, rows: int) -> None:
        """Return at once."""


class RowsPerSecond:
    """On average at most `rate` rows a second from the first batch on; time that was lost is not made up for."""

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not 0 < rate < float("inf"):
            raise ConfigurationError("the rate must be more than 0 rows a second")
        self._rate, self._clock, self._sleep = rate, clock, sleep
        self._due = clock()

    def after(self, rows: int) -> None:
        """Wait until `rows` more may have been done."""
        self._due += rows / self._rate
        wait = self._due - self._clock()
        if wait > 0:
            self._sleep(wait)
        else:
            self._due = self._clock()


Throttle = NoThrottle | RowsPerSecond
