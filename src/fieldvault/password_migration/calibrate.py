"""How long a hash takes on this machine, and the parameters that fit a target."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from fieldvault.errors import ConfigurationError
from fieldvault.passwords import OWASP_MINIMUM, Argon2Profile, HashingLimits, PasswordHasher

LEAST_MEMORY_KIB = OWASP_MINIMUM.memory_kib
REPEATS = 3
MOST_PASSES = 16
_SAMPLE = "a password of no account"


@dataclass(frozen=True, slots=True)
class Measured:
    """Median `seconds` of one hash alone, and `per_second` of `threads` threads together."""

    profile: Argon2Profile
    seconds: float
    threads: int
    per_second: float

    @property
    def memory_kib(self) -> int:
        """What `threads` hashes take together."""
        return self.threads * self.profile.memory_kib


def measure(
    profile: Argon2Profile, *, threads: int = 1, clock: Callable[[], float] = time.perf_counter
) -> Measured:
    """Hash a few times, alone and in threads. Takes the profile's memory `threads` times."""
    hasher = _hasher(profile, threads)
    alone = _alone(hasher, clock)
    with ThreadPoolExecutor(threads) as pool:
        together = _timed(lambda: list(pool.map(hasher.hash, [_SAMPLE] * (threads * REPEATS))), clock)
    return Measured(profile, alone, threads, threads * REPEATS / together)


def fit(
    target: float,
    *,
    memory_kib: int,
    lanes: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> Argon2Profile:
    """The costliest profile that takes at most `target` seconds: memory first (RFC 9106 §4), then passes.

    Raises `ConfigurationError` where even the OWASP minimum takes longer.
    """
    if target <= 0 or memory_kib < LEAST_MEMORY_KIB:
        raise ConfigurationError(f"a target is more than 0 seconds, with at least {LEAST_MEMORY_KIB} KiB of memory")
    while True:
        profile = Argon2Profile(memory_kib, 1, lanes)
        once = _alone(_hasher(profile, 1), clock)
        least = 2 if memory_kib == LEAST_MEMORY_KIB else 1  # the OWASP minimum has two passes
        passes = min(MOST_PASSES, int(target / once)) if once else MOST_PASSES
        if passes >= least:
            return replace(profile, passes=passes)
        if memory_kib == LEAST_MEMORY_KIB:
            raise ConfigurationError(
                "even the OWASP minimum takes longer than the target on this machine", hint="allow more time"
            )
        memory_kib = max(LEAST_MEMORY_KIB, memory_kib // 2)


def _hasher(profile: Argon2Profile, threads: int) -> PasswordHasher:
    limits = HashingLimits(
        concurrent=threads,
        memory_kib=threads * profile.memory_kib,
        passes=max(MOST_PASSES, profile.passes),
        lanes=max(16, profile.lanes),
    )
    return PasswordHasher(profile, limits=limits)


def _alone(hasher: PasswordHasher, clock: Callable[[], float]) -> float:
    hasher.hash(_SAMPLE)
    return statistics.median([_timed(lambda: hasher.hash(_SAMPLE), clock) for _ in range(REPEATS)])


def _timed(work: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    work()
    return clock() - start
