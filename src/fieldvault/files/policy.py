"""What to do with rows that fail, and what a job gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fieldvault.errors import FieldvaultError, OpenError, Stage


@dataclass(frozen=True, slots=True)
class RowFailure:
    """Why one row is not in the output. It holds no value."""

    row: int
    """Data row, from 1; the header and blank lines do not count."""
    field: str | None
    error: str
    """The name of the error's class."""
    stage: Stage | None
    """Where opening was refused; None where the row could not be read, or not be sealed."""
    message: str

    @classmethod
    def of(cls, row: int, error: FieldvaultError) -> RowFailure:
        stage = error.stage if isinstance(error, OpenError) else None
        return cls(row, error.field, type(error).__name__, stage, error.message)


@dataclass(frozen=True, slots=True)
class AllOrNothing:
    """A row that fails fails the file: nothing is written."""


@dataclass(frozen=True, slots=True)
class KeepGoing:
    """Rows that fail are left out, counted and given to `report`; more than `max_failures` fail the file.

    What makes the rest of the file unreadable (a quote never closed, damaged Parquet), and a KEK or a key store
    that is away, fails the file all the same.
    """

    report: Callable[[RowFailure], None]
    max_failures: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Data rows: read, written, and left out because they failed."""

    rows: int
    written: int
    failed: int
