"""Source: a file as a stream of batches of records, one batch in memory at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from fieldvault.errors import FieldvaultError
from fieldvault.files.formats import FileFormat
from fieldvault.files.reading.columns import check_columns
from fieldvault.files.reading.rows import Batch
from fieldvault.files.state import State
from fieldvault.files.trouble import rows_failed, unreadable
from fieldvault.schema import Schema


class Source(ABC):
    """A file that is being read; made by `open_source`, used once, in a `with` block.

    `columns` are the file's, in its order. `total_bytes` (None for a pipe) and `read_bytes` (so far) are for
    a progress bar; `total_rows` is None where the format does not say it.
    """

    file_format: ClassVar[FileFormat]
    columns: list[str]
    total_bytes: int | None = None
    total_rows: int | None = None

    def __init__(self, path: Path, schema: Schema, state: State, batch_rows: int) -> None:
        self.path = path
        self.schema = schema
        self.state = state
        self.batch_rows = batch_rows

    @property
    @abstractmethod
    def read_bytes(self) -> int:
        """How many of `total_bytes` have been read."""

    @abstractmethod
    def start(self) -> Sequence[str]:
        """Open the file and find its columns. Raises `FieldvaultError` or `OSError`."""

    @abstractmethod
    def get_ready(self) -> None:
        """Choose how each of `columns`, which have been checked, is read. Raises `SchemaError`."""

    @abstractmethod
    def read_batch(self) -> Batch | None:
        """The next batch, None at the end. Raises `FieldvaultError` or `OSError`."""

    @abstractmethod
    def close(self) -> None:
        """Close the file. May be called twice."""

    def open(self) -> Self:
        """Start, and check the columns. Raises `FieldvaultError`, and leaves no file open then."""
        outcome = self._opened()
        if outcome is not None:
            self.close()
            raise outcome
        return self

    def batches(self) -> Iterator[Batch]:
        """Batches with the rows that could not be parsed. Raises `FieldvaultError` where reading cannot go on."""
        while True:
            step = self._next()
            if isinstance(step, FieldvaultError):
                raise step
            if step is None:
                return
            yield step
            del step  # before the next batch is read, so that one is in memory at a time

    def __iter__(self) -> Iterator[list[dict[str, Any]]]:
        """Batches of records. Raises `BatchError`, by data row, for rows that could not be parsed."""
        for batch in self.batches():
            records, failures, rows = batch.records, batch.failures, batch.rows
            del batch
            if failures:
                del records
                raise rows_failed(self.path, failures, total=rows)
            yield records
            del records

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # The frames in between hold cells: what they raise is taken over here, without them.

    def _opened(self) -> FieldvaultError | None:
        try:
            self.total_bytes = self.path.stat().st_size if self.path.is_file() else None
            self.columns = list(self.start())
            check_columns(self.path, self.columns, self.schema, self.state)
            self.get_ready()
        except FieldvaultError as error:
            return error.detached()
        except OSError as error:
            return unreadable(self.path, error)
        return None

    def _next(self) -> Batch | FieldvaultError | None:
        try:
            return self.read_batch()
        except FieldvaultError as error:
            return error.detached()
        except OSError as error:
            return unreadable(self.path, error)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path.name}, {self.state}>"
