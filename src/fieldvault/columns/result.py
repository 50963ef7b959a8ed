"""What a batch gives back: the good items, and which failed and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from fieldvault.attempts import Outcome
from fieldvault.errors import BatchError, FieldvaultError

Item = TypeVar("Item")


class BatchResult(Generic[Item]):
    """`values` in the order of the input, None where an item failed; `failures` by position (0-based)."""

    __slots__ = ("failures", "values")

    def __init__(self, values: Sequence[Item | None], failures: Mapping[int, FieldvaultError]) -> None:
        self.values = values
        self.failures = failures

    def good(self) -> Iterator[tuple[int, Item]]:
        """The positions and values of the items that did not fail."""
        failures = self.failures
        return ((at, value) for at, value in enumerate(self.values) if at not in failures)  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"<BatchResult: {len(self.values) - len(self.failures)} good, {len(self.failures)} failed>"


def whole(outcome: Outcome[BatchResult[Item]]) -> list[Item]:
    """Every item. Raises `BatchError` if any failed."""
    result = outcome.or_raise()
    if result.failures:
        failures, total = result.failures, len(result.values)
        result.values = ()  # the good ones are not given out, not even through a traceback
        raise BatchError(failures, total=total)
    return result.values  # type: ignore[return-value]


def one_of(outcome: Outcome[BatchResult[Item]]) -> Item:
    """The only item. Raises its error if it failed."""
    result = outcome.or_raise()
    if result.failures:
        raise result.failures[0]
    return result.values[0]  # type: ignore[return-value]
