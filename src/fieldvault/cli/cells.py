"""The cells of one column of a file, as text or bytes: for looking at envelopes without a schema."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from fieldvault.errors import ConfigurationError, MissingExtra
from fieldvault.files import FileFormat

BATCH_ROWS = 10_000


def cells_of(path: Path, column: str, file_format: FileFormat) -> Iterator[Any]:
    """Each cell, None where it is null. Raises `ConfigurationError` for a missing column or a malformed file."""
    reader = {FileFormat.CSV: _csv, FileFormat.JSONL: _jsonl, FileFormat.PARQUET: _parquet}[file_format]
    return reader(path, column)


def _csv(path: Path, column: str) -> Iterator[Any]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, strict=True)
        try:
            columns = next(rows, [])
            _require(path, column, columns)
            at = columns.index(column)
            for row in rows:
                if row:
                    yield (row[at] or None) if at < len(row) else None
        except (csv.Error, UnicodeDecodeError):
            problem = f"{path} is not a CSV file, from line {rows.line_num} on"
        else:
            return
    raise ConfigurationError(problem)


def _jsonl(path: Path, column: str) -> Iterator[Any]:
    seen, line = False, 0
    with path.open(encoding="utf-8") as file:
        try:
            for text in file:
                line += 1
                if not text.strip():
                    continue
                row = json.loads(text)
                if not isinstance(row, dict):
                    break
                seen = seen or column in row
                yield row.get(column)
            else:
                if not seen:
                    _require(path, column, [])
                return
        except ValueError:
            pass  # raised below: a JSONDecodeError holds the whole line
    raise ConfigurationError(f"{path} is not JSON Lines: line {line} is no JSON object")


def _parquet(path: Path, column: str) -> Iterator[Any]:
    parquet = _pyarrow_parquet()
    with parquet.ParquetFile(path) as file:
        _require(path, column, file.schema_arrow.names)
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=[column]):
            yield from batch.column(0).to_pylist()


def _require(path: Path, column: str, columns: list[str]) -> None:
    if column not in columns:
        raise ConfigurationError(
            f"{path} has no column {column}", hint=f"it has: {', '.join(columns)}" if columns else None
        )


def _pyarrow_parquet() -> ModuleType:
    try:
        import pyarrow.parquet
    except ImportError:
        raise MissingExtra("Parquet", extra="arrow") from None
    return pyarrow.parquet  # type: ignore[no-any-return]
