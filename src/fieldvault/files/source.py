"""Opening a file for reading."""

from __future__ import annotations

from pathlib import Path

from fieldvault.errors import ConfigurationError, FieldvaultError
from fieldvault.files.formats import FileFormat, format_of
from fieldvault.files.reading.base import Source
from fieldvault.files.reading.csv_file import CsvSource
from fieldvault.files.reading.jsonl_file import JsonlSource
from fieldvault.files.reading.parquet_file import ParquetSource
from fieldvault.files.state import State
from fieldvault.files.trouble import unreadable
from fieldvault.schema import Schema

__all__ = ["Source", "columns_of", "open_source"]

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


def columns_of(path: Path, *, file_format: FileFormat | None = None) -> list[str]:
    """The file's columns, in its order; none for JSON Lines without a line. Raises as `open_source` does."""
    with _KINDS[format_of(path, file_format)](path, _NO_FIELDS, State.OPENED, 1) as source:
        failure = _started(source)
        if failure is not None:
            raise failure
        return source.columns


_NO_FIELDS = Schema("columns", [])


def _started(source: Source) -> FieldvaultError | None:
    try:
        source.columns = list(source.start())
    except FieldvaultError as error:
        return error.detached()
    except OSError as error:
        return unreadable(source.path, error)
    return None
