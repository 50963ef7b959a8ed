"""Parquet, read row group by row group with pyarrow (extra `arrow`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, Any

from fieldvault.errors import SchemaError
from fieldvault.files.arrow_library import SEALED_MARK, arrow, parquet
from fieldvault.files.formats import FileFormat
from fieldvault.files.reading.arrow_cells import arrow_column, sealed_arrow_column
from fieldvault.files.reading.base import Source
from fieldvault.files.reading.columns import readers_for
from fieldvault.files.reading.rows import ColumnBatch
from fieldvault.files.state import State
from fieldvault.files.trouble import malformed

_BUFFER_BYTES = 1 << 18
"""A column chunk is read in pieces of this size, so a file of one huge row group needs no more memory."""


class ParquetSource(Source):
    file_format = FileFormat.PARQUET
    _file: IO[bytes] | None = None
    _parquet: Any = None
    _done = 0

    @property
    def read_bytes(self) -> int:
        # Columns are read side by side, so the place in the file says nothing; the rows do.
        return (self.total_bytes or 0) * self._done // max(self.total_rows or 0, 1)

    def start(self) -> Sequence[str]:
        pq = parquet()
        self._file = self.path.open("rb")
        arrow_schema = None
        try:
            # pre_buffer would keep what it has read of every row group until the file is closed.
            self._parquet = pq.ParquetFile(self._file, buffer_size=_BUFFER_BYTES, pre_buffer=False)
            arrow_schema = self._parquet.schema_arrow
        except (arrow().ArrowException, OSError, ValueError):
            pass
        if arrow_schema is None:
            raise malformed(self.path, "not a Parquet file, or cut off at its end")
        if self.state is State.OPENED and SEALED_MARK.items() <= (arrow_schema.metadata or {}).items():
            raise SchemaError(f"{self.path.name} is already sealed", hint="nothing is sealed twice")
        self.total_rows = self._parquet.metadata.num_rows
        return list(arrow_schema.names)

    def get_ready(self) -> None:
        types = dict(zip(self.columns, self._parquet.schema_arrow.types, strict=True))
        self._readers = readers_for(
            self.columns,
            self.schema,
            self.state,
            value=lambda name, codec: arrow_column(self.path, name, types[name], codec),
            sealed=lambda name: sealed_arrow_column(self.path, name, types[name]),
        )
        self._batches: Iterator[Any] = self._parquet.iter_batches(self.batch_rows)

    def read_batch(self) -> ColumnBatch | None:
        batch: Any = None
        damaged = False
        try:
            batch = next(self._batches, None)
        except (arrow().ArrowException, OSError, ValueError):
            damaged = True
        if damaged:
            raise malformed(self.path, "the Parquet data cannot be read: damaged or cut off", row=self._done + 1)
        if batch is None:
            return None
        numbers = range(self._done + 1, self._done + batch.num_rows + 1)
        self._done += batch.num_rows
        return ColumnBatch(self._readers, batch.columns, numbers)

    def close(self) -> None:
        if self._parquet is not None:
            self._parquet.close()
        if self._file is not None:
            self._file.close()
