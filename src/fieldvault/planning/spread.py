"""How often the values of a column occur, without the values: so many occur once, so many twice, …"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping


class Spread:
    """`values_by_count` maps how often a value occurs to how many values occur that often.

    It is all that the measures need, and small: a column of R rows has at most √(2R) different counts.
    """

    def __init__(self, values_by_count: Mapping[int, int]) -> None:
        self.values_by_count = dict(sorted(values_by_count.items(), reverse=True))
        self.rows = sum(count * values for count, values in self.values_by_count.items())
        self.distinct = sum(self.values_by_count.values())

    @property
    def entropy(self) -> float:
        """Shannon entropy in bits: 0 where all rows have one value, log2(rows) where each has its own."""
        if not self.rows:
            return 0.0
        repeated = sum(values * count * math.log2(count) for count, values in self.values_by_count.items())
        return math.log2(self.rows) - repeated / self.rows

    def share_of_most_frequent(self, number: int) -> float:
        """The part of the rows, 0 to 1, that the `number` most frequent values have."""
        rows = 0
        for count, values in self.values_by_count.items():
            taken = min(values, number)
            rows += taken * count
            number -= taken
        return rows / self.rows if self.rows else 0.0

    def ranks(self) -> Iterator[tuple[int, int]]:
        """(rank, count) at the first and the last rank of each count, for a plot of rank against frequency."""
        rank = 0
        for count, values in self.values_by_count.items():
            yield rank + 1, count
            rank += values
            yield rank, count
