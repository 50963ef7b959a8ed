"""Opening a file for writing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fieldvault.errors import ConfigurationError
from fieldvault.files.formats import FileFormat
from fieldvault.files.state import State
from fieldvault.files.trouble import unwritable
from fieldvault.files.writing.base import Overwrite, Sink, columns_to_write
from fieldvault.files.writing.csv_file import CsvSink
from fieldvault.files.writing.jsonl_file import JsonlSink
from fieldvault.files.writing.parquet_file import ParquetSink
from fieldvault.files.writing.partial import exists_already
from fieldvault.schema import Schema

__all__ = ["Overwrite", "Sink", "open_sink"]

_KINDS: dict[FileFormat, type[Sink]] = {
    FileFormat.CSV: CsvSink,
    FileFormat.JSONL: JsonlSink,
    FileFormat.PARQUET: ParquetSink,
}


def open_sink(
    path: Path,
    file_format: FileFormat,
    schema: Schema,
    state: State,
    columns: Sequence[str],
    *,
    source: Path | None = None,
    overwrite: Overwrite = Overwrite.REFUSE,
) -> Sink:
    """A file for `schema`'s records, which its `with` block makes, readable by its owner only (mode 0600).

    `columns` are the source's, in its order; index columns are added behind their fields, or left out, as `state`
    wants it. `source` is the path that is read meanwhile, which must not be `path`. Raises `ConfigurationError`
    where `path` is `source`, is not a regular file, or exists and `overwrite` does not say REPLACE.
    """
    refused = _refused(path, source, overwrite)
    if refused is not None:
        raise refused
    return _KINDS[file_format](path, schema, state, columns_to_write(columns, schema, state), overwrite)


def _refused(path: Path, source: Path | None, overwrite: Overwrite) -> ConfigurationError | None:
    try:
        _check(path, source, overwrite)
    except OSError as error:
        return unwritable(path, error)
    except ConfigurationError as error:
        return error.detached()
    return None


def _check(path: Path, source: Path | None, overwrite: Overwrite) -> None:
    if source is not None and (path == source or (path.exists() and path.samefile(source))):
        raise ConfigurationError(
            f"{path} is the input: it would be replaced by the output", hint="choose another name"
        )
    if path.exists() and not path.is_file():
        raise ConfigurationError(f"{path} is not a regular file", hint="choose another name")
    if overwrite is Overwrite.REFUSE and (path.exists() or path.is_symlink()):
        raise exists_already(path)
