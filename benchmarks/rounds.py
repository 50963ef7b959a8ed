"""Interleaved rounds: every contender once a round, in turn, so that a slow moment hits all of them alike.

Processor time of this process, not the clock on the wall: other programs on the machine do not count. That is for
work that waits for nothing. What waits for another process, or runs in several threads, is timed by `WALL`.
"""

from __future__ import annotations

import gc
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

Clock = Callable[[], float]
PROCESSOR: Clock = time.process_time
WALL: Clock = time.perf_counter


@dataclass(frozen=True)
class Timing:
    """Seconds for each round, in order."""

    seconds: list[float]

    def per_item(self, items: float) -> float:
        """Median microseconds for one item."""
        return statistics.median(self.seconds) / items * 1e6

    def times(self, factor: float) -> Timing:
        """As long as it had taken for that many times the items."""
        return Timing([seconds * factor for seconds in self.seconds])


@dataclass(frozen=True)
class Ratio:
    """The ratios of two contenders, round by round: their median, least and greatest."""

    median: float
    least: float
    greatest: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f} to {self.greatest:.2f})"


@dataclass(frozen=True)
class Contender:
    """What is timed. `waits` is for what waits for another process, or runs in more than one thread."""

    run: Callable[[], object]
    waits: bool = False


def interleave(contenders: Mapping[str, Callable[[], object] | Contender], rounds: int) -> dict[str, Timing]:
    """Time each contender once a round, after one round that does not count."""
    timings: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, given in contenders.items():
            contender = given if isinstance(given, Contender) else Contender(given)
            clock = WALL if contender.waits else PROCESSOR
            gc.collect()
            start = clock()
            result = contender.run()
            elapsed = clock() - start
            del result
            if turn:
                timings[name].append(elapsed)
    return {name: Timing(seconds) for name, seconds in timings.items()}


def ratio(timing: Timing, base: Timing) -> Ratio:
    """How many times as long `timing` takes as `base`."""
    ratios = [one / other for one, other in zip(timing.seconds, base.seconds, strict=True)]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def machine() -> str:
    """The processor and the Python that the figures are of."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = f"{names[0]}, {len(names)} cores" if names else model
    return f"{model}, Python {platform.python_version()}"
