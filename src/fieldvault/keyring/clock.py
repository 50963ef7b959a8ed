"""The system's clock (port `Clock`)."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """Monotonic time for lifetimes, the wall clock for records that people read."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)
