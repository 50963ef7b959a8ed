"""From columns of raw cells to the records of a batch.

A batch is parsed one column at a time: the happy path is one comprehension for each column. Only where that fails,
the column goes cell by cell, to say which rows failed and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from fieldvault.columns.column import each
from fieldvault.core.envelope import ENVELOPE_PREFIX, from_text, parse
from fieldvault.errors import FieldvaultError, OpenError, ValueRefused


class Batch(Protocol):
    """The records that could be parsed, their data rows (from 1), and why the other rows could not be."""

    @property
    def records(self) -> list[dict[str, Any]]: ...
    @property
    def numbers(self) -> Sequence[int]: ...
    @property
    def failures(self) -> dict[int, FieldvaultError]: ...
    @property
    def rows(self) -> int: ...


@dataclass(frozen=True, slots=True, repr=False)
class RowBatch:
    """A `Batch` that was read by rows."""

    records: list[dict[str, Any]]
    numbers: Sequence[int]
    failures: dict[int, FieldvaultError]

    @property
    def rows(self) -> int:
        return len(self.numbers) + len(self.failures)


@dataclass(frozen=True, slots=True)
class ColumnReader:
    """How one column's raw cells become values, all at once and one by one. Both raise `FieldvaultError`."""

    name: str
    many: Callable[[Sequence[Any]], Sequence[Any]]
    one: Callable[[Any], Any]


def assemble(
    readers: Sequence[ColumnReader],
    columns: Iterable[Sequence[Any]],
    numbers: Sequence[int],
    failures: dict[int, FieldvaultError],
) -> RowBatch:
    """Parse `columns`, whose cells stand in the rows `numbers`. `failures` are of rows that are not among them."""
    parsed: list[Sequence[Any]] = []
    failed: dict[int, FieldvaultError] = {}
    for reader, cells in zip(readers, columns, strict=True):
        values, errors = each(cells, reader.many, reader.one)
        parsed.append(values)
        for at, error in errors.items():
            failed.setdefault(at, error.in_field(reader.name))
    names = [reader.name for reader in readers]
    rows: Iterable[tuple[Any, ...]] = zip(*parsed, strict=True)
    if failed:
        rows = [row for at, row in enumerate(rows) if at not in failed]
        failures = failures | {numbers[at]: error for at, error in failed.items()}
        numbers = [number for at, number in enumerate(numbers) if at not in failed]
    return RowBatch([dict(zip(names, row, strict=True)) for row in rows], numbers, failures)


class ColumnBatch:
    """A `Batch` that was read by columns: `columns` are its raw cells. Records are made when asked for."""

    def __init__(self, readers: Sequence[ColumnReader], columns: Sequence[Any], numbers: Sequence[int]) -> None:
        self.readers = readers
        self.columns = columns
        self._numbers = numbers

    @cached_property
    def _parsed(self) -> RowBatch:
        return assemble(self.readers, self.columns, self._numbers, {})

    @property
    def records(self) -> list[dict[str, Any]]:
        return self._parsed.records

    @property
    def numbers(self) -> Sequence[int]:
        return self._parsed.numbers

    @property
    def failures(self) -> dict[int, FieldvaultError]:
        return self._parsed.failures

    @property
    def rows(self) -> int:
        return len(self._numbers)


def as_they_are(name: str) -> ColumnReader:
    """Envelopes and index values: what they hold is checked where they are opened."""
    return ColumnReader(name, list, lambda cell: cell)


def may_be_sealed(cells: Iterable[str]) -> bool:
    """Whether any cell has to be given to `refuse_sealed`: one search for all."""
    return ENVELOPE_PREFIX in "\n".join(cells)


def refuse_sealed(cell: str) -> None:
    """Raises `ValueRefused` for the text of an envelope where plaintext is expected: nothing is sealed twice."""
    if not cell.startswith(ENVELOPE_PREFIX):
        return
    try:
        parse(from_text(ENVELOPE_PREFIX, cell))
    except OpenError:
        return
    raise ValueRefused("the value is already sealed", hint="seal the original file; nothing is sealed twice")
