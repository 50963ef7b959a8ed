"""The file formats, and how sealed cells look in each."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from fieldvault.columns.form import BinaryForm, Form, TextForm
from fieldvault.errors import ConfigurationError


class FileFormat(StrEnum):
    """A format that can be read and written as a stream."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


_BY_SUFFIX = {
    ".csv": FileFormat.CSV,
    ".jsonl": FileFormat.JSONL,
    ".ndjson": FileFormat.JSONL,
    ".parquet": FileFormat.PARQUET,
}


def format_of(path: Path, given: FileFormat | None = None) -> FileFormat:
    """`given`, or what the last suffix of the name says. Raises `ConfigurationError` for another suffix."""
    found = given or _BY_SUFFIX.get(path.suffix.lower())
    if found is None:
        raise ConfigurationError(
            f"the name {path.name} does not say which format the file has",
            hint=f"say it with --format: {', '.join(FileFormat)}",
        )
    return found


def form_for(file_format: FileFormat) -> Form:
    """The form that a `RecordCipher` must have to seal into files of this format."""
    return BinaryForm() if file_format is FileFormat.PARQUET else TextForm()
