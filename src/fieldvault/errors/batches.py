"""A batch of which some items failed."""

from __future__ import annotations

from collections.abc import Mapping

from fieldvault.errors.base import FieldvaultError


class BatchError(FieldvaultError):
    """Some items of a batch failed, so nothing of the batch is returned.

    `failures` maps the item's position (0-based) to its error. Ask for a partial result instead where the good
    items are wanted.
    """

    def __init__(self, failures: Mapping[int, FieldvaultError], *, total: int) -> None:
        first = min(failures)
        super().__init__(
            f"{len(failures)} of {total} items failed; the first is item {first}: {failures[first].message}",
            hint=failures[first].hint,
        )
        self.failures = dict(failures)
        self.total = total
