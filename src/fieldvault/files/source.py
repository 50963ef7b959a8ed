"""Opening a file for reading."""

from __future__ import annotations

from pathlib import Path

from fieldvault.errors import ConfigurationError
from fieldvault.files.formats import FileFormat, format_of
from fieldvault.files.reading.base import Source
from fieldvault.files.reading.csv_file import CsvSource
from fieldvault.files.reading.jsonl_file import JsonlSource
from fieldvault.files.reading.parquet_file import ParquetSource
from fieldvault.files.state import State
from fieldvault.schema import Schema

__all__ = ["Source", "open_source"]

_KINDS: dict[FileFormat, type[Source]] = {
    FileFormat.CSV: CsvSource,
    FileFormat.JSONL: JsonlSource,
    FileFormat.PARQUET: ParquetSource,
}


def open_source(
    path: Path,
    schema: Schema,
    state: State,
    *,
    file_format: FileFormat | None = None,
    batch_rows: int = 10_000,
) -> Source:
    """A file of `schema`'s records, opened at once and to be closed by its `with` block.

    `state` says whether the sealed fields hold values or envelopes. `file_format`: where the name does not say it.
    A batch of `batch_rows` rows is what is in memory at a time. Raises `ConfigurationError` where the file cannot
    be read, `SchemaError` where it is malformed or its columns are not the schema's, `MissingExtra`.
    """
    if batch_rows < 1:
        raise ConfigurationError("batch_rows must be at least 1")
    return _KINDS[format_of(path, file_format)](path, schema, state, batch_rows).open()
