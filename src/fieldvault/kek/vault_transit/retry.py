"""When to try again: exponential backoff with full jitter inside a budget of time.

Rules of this file:

1. Retrying is safe: encrypt and decrypt change nothing on the server, and a second login only makes a second token.
2. Jitter is full (uniform from 0), so that a fleet that lost its server together does not come back together. It is
   drawn from the operating system: forked workers must not share it.
3. A `Retry-After` is the least we wait. Where a wait would outlast the budget we give up at once, without sleeping.

Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import SystemRandom

from fieldvault.errors import ConfigurationError

_SMALLEST_TIMEOUT = 0.05


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How one request is retried; all in seconds.

    `base` and `cap` bound the backoff, `budget` the time from a request's first attempt (its login included) to the
    moment we give up. A call that is cut into chunks has one budget for each chunk. `clock`, `sleep` and `random`
    (uniform in [0, 1)) are there for tests. Raises `ConfigurationError` for what is not a positive number.
    """

    base: float = 0.2
    cap: float = 20.0
    budget: float = 30.0
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    random: Callable[[], float] = field(default=SystemRandom().random, repr=False)

    def __post_init__(self) -> None:
        for name in ("base", "cap", "budget"):
            _require_positive(getattr(self, name), f"RetryPolicy.{name}")

    def begin(self) -> Attempts:
        return Attempts(self)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits of one attempt in seconds: to connect, and between two reads. Raises `ConfigurationError`."""

    connect: float = 3.05
    read: float = 10.0

    def __post_init__(self) -> None:
        _require_positive(self.connect, "Timeouts.connect")
        _require_positive(self.read, "Timeouts.read")

    def within(self, remaining: float) -> tuple[float, float]:
        """(connect, read), neither beyond what is left of the budget."""
        left = max(remaining, _SMALLEST_TIMEOUT)
        return min(self.connect, left), min(self.read, left)


class Attempts:
    """The attempts of one request. Belongs to one thread."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._end = policy.clock() + policy.budget
        self.number = 1

    def remaining(self) -> float:
        """Seconds left of the budget, never below 0."""
        return max(0.0, self._end - self._policy.clock())

    def pause(self, retry_after: float | None) -> bool:
        """Sleep before the next attempt; False, without sleeping, when the budget does not reach that far."""
        policy = self._policy
        # The exponent is limited only so that 2**n stays a float: cap has long been reached.
        wait = policy.random() * min(policy.cap, policy.base * 2.0 ** min(self.number - 1, 64))
        wait = max(wait, retry_after or 0.0)
        if wait >= self.remaining():
            return False
        policy.sleep(wait)
        self.number += 1
        return True


def _require_positive(value: float, name: str) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not (math.isfinite(value) and value > 0):
        raise ConfigurationError(f"{name} must be a positive number of seconds")
