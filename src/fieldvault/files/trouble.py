"""What goes wrong with files, as this library's errors. One place decides which class each kind of trouble has.

Rules of this file, and of all that reads and writes here:

1. `csv`, `json`, UTF-8 decoding and pyarrow put what they read into their errors (`.doc`, `.object`, the message).
   So their errors are dropped, and ours are raised outside the `except` block, with an empty `__context__`.
2. A row is named by its number: data rows count from 1, without the header and without blank lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fieldvault.errors import BatchError, ConfigurationError, FieldvaultError, SchemaError


def unreadable(path: Path, error: OSError) -> ConfigurationError:
    """The operating system does not let us read the file."""
    return ConfigurationError(f"{path} cannot be read: {error.strerror or type(error).__name__}")


def unwritable(path: Path, error: OSError) -> ConfigurationError:
    """The operating system does not let us write the file: no space, no permission, no such folder."""
    return ConfigurationError(
        f"{path} cannot be written: {error.strerror or type(error).__name__}",
        hint="nothing was left under that name; there may be a hidden .partial file beside it",
    )


def malformed(path: Path, what: str, *, row: int | None = None, hint: str | None = None) -> SchemaError:
    """The file as a whole is not what its format says; nothing after this place can be read."""
    place = "" if row is None else f", data row {row}"
    return SchemaError(f"{path.name}{place}: {what}", hint=hint)


def rows_failed(path: Path, failures: Mapping[int, FieldvaultError], *, total: int) -> BatchError:
    """A `BatchError` whose `failures` go by data row, and whose message says so. `total`: rows looked at."""
    error = BatchError(failures, total=total)
    first = min(failures)
    count = f"{len(failures)} rows" if len(failures) > 1 else "a row"
    error.message = f"{path.name}: {count} failed; the first is data row {first}: {failures[first].message}"
    error.args = (error.message,)
    return error
