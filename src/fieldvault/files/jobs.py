"""Seal a file, open a file: from a source through a cipher into a sink, one batch at a time.

A walk returns its error and the outermost function raises it, so that no frame in a traceback holds a value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from fieldvault.columns.result import BatchResult
from fieldvault.errors import BatchError, ConfigurationError, FieldvaultError
from fieldvault.files.by_columns import ByColumns, opening_by_columns, sealing_by_columns
from fieldvault.files.find import find_in_file
from fieldvault.files.formats import form_for
from fieldvault.files.policy import AllOrNothing, Counts, KeepGoing, RowFailure
from fieldvault.files.reading.base import Source
from fieldvault.files.reading.rows import Batch
from fieldvault.files.state import State
from fieldvault.files.trouble import rows_failed
from fieldvault.files.writing.base import Sink
from fieldvault.record import RecordCipher

__all__ = [
    "AllOrNothing",
    "Counts",
    "KeepGoing",
    "RowFailure",
    "find_in_file",
    "form_for",
    "open_file",
    "seal_file",
]

Records = Sequence[dict[str, Any]]


def _unwatched(rows: int) -> None:
    """Nobody watches the progress."""


def seal_file(
    cipher: RecordCipher,
    source: Source,
    sink: Sink,
    *,
    on_rows: Callable[[int], None] = _unwatched,
    failures: AllOrNothing | KeepGoing = AllOrNothing(),  # noqa: B008 - frozen
) -> Counts:
    """Seal every row of `source` into `sink`. `on_rows` is told of each batch how many rows it had.

    Raises `BatchError`, by data row (from 1), for rows that fail; the KEK's and the key store's errors;
    `ConfigurationError` and `SchemaError` for files. An exception that leaves the sink's `with` block leaves no
    file.
    """
    _check(cipher, source, sink, State.OPENED, State.SEALED)
    whole, partially = cipher.seal_many, cipher.seal_many_partially
    columns = sealing_by_columns(cipher, source, sink)
    return raised(walk(source, sink, whole, partially, on_rows, failures, columns))


def open_file(
    cipher: RecordCipher,
    source: Source,
    sink: Sink,
    *,
    on_rows: Callable[[int], None] = _unwatched,
    failures: AllOrNothing | KeepGoing = AllOrNothing(),  # noqa: B008 - frozen
) -> Counts:
    """Open every row of `source` into `sink`, without the index columns. Everything else as in `seal_file`."""
    _check(cipher, source, sink, State.SEALED, State.OPENED)
    whole, partially = cipher.open_many, cipher.open_many_partially
    columns = opening_by_columns(cipher, source, sink)
    return raised(walk(source, sink, whole, partially, on_rows, failures, columns))


class _Whole(Protocol):
    def __call__(self, records: Records, /) -> Records: ...


class _Partially(Protocol):
    def __call__(self, records: Records, /) -> BatchResult[dict[str, Any]]: ...


def walk(
    source: Source,
    sink: Sink,
    whole: _Whole,
    partially: _Partially,
    on_rows: Callable[[int], None],
    policy: AllOrNothing | KeepGoing,
    columns: ByColumns | None = None,
) -> Counts | FieldvaultError:
    """Each batch of `source` through `whole` or, where rows may fail, `partially`, into `sink`.

    `columns`, where there is one, writes those batches that it can do without a failure, and leaves the others.
    """
    rows = written = 0
    try:
        for batch in source.batches():
            size = batch.rows
            if columns is not None and columns(batch):
                rows, written = rows + size, written + size
                del batch
                on_rows(size)
                continue
            if isinstance(policy, KeepGoing):
                records, failed = _some(partially, batch)
            else:
                records, failed = _all(whole, batch)
            rows += size
            written += len(records)
            refusal = _refusal(policy, source, failed, size, rows - written)
            if refusal is not None:
                return refusal
            sink.write(records)
            del batch, records  # before the next batch is read, so that one is in memory at a time
            on_rows(size)
    except FieldvaultError as error:
        return error.detached()
    return Counts(rows, written, rows - written)


def _all(whole: _Whole, batch: Batch) -> tuple[Records, dict[int, FieldvaultError]]:
    if batch.failures:
        return [], batch.failures
    try:
        return whole(batch.records), {}
    except BatchError as error:
        return [], {batch.numbers[at]: why for at, why in error.failures.items()}


def _some(partially: _Partially, batch: Batch) -> tuple[Records, dict[int, FieldvaultError]]:
    result = partially(batch.records)
    failed = batch.failures | {batch.numbers[at]: why for at, why in result.failures.items()}
    return [record for _, record in result.good()], failed


def _refusal(
    policy: AllOrNothing | KeepGoing,
    source: Source,
    failed: dict[int, FieldvaultError],
    size: int,
    failed_so_far: int,
) -> FieldvaultError | None:
    if not failed:
        return None
    if isinstance(policy, AllOrNothing):
        return rows_failed(source.path, failed, total=size)
    for row in sorted(failed):
        policy.report(RowFailure.of(row, failed[row]))
    if policy.max_failures is not None and failed_so_far > policy.max_failures:
        error = rows_failed(source.path, failed, total=size)
        error.hint = f"{failed_so_far} rows failed so far, more than the {policy.max_failures} allowed"
        return error
    return None


def raised(outcome: Counts | FieldvaultError) -> Counts:
    """The counts, or the error in their place, raised from a frame that holds no value."""
    if isinstance(outcome, FieldvaultError):
        raise outcome
    return outcome


def _check(cipher: RecordCipher, source: Source, sink: Sink, given: State, wanted: State) -> None:
    if (source.state, sink.state) != (given, wanted):
        raise ConfigurationError(
            f"the source is {source.state} and the sink {sink.state}, where {given} and {wanted} were expected"
        )
    if not cipher.schema.name == source.schema.name == sink.schema.name:
        raise ConfigurationError("the cipher, the source and the sink have different schemas")
    form = type(form_for(sink.file_format))
    if wanted is State.SEALED and type(cipher.form) is not form:
        raise ConfigurationError(
            f"a {sink.file_format} file holds sealed values as {form.__name__}, which this cipher does not write",
            hint="RecordCipher(…, form=form_for(file_format))",
        )
