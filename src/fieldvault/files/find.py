"""Find the rows of a sealed file whose field has a value, by the blind index: only those rows are opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fieldvault.errors import BatchError, ConfigurationError, FieldvaultError, SchemaError
from fieldvault.files.reading.base import Source
from fieldvault.files.reading.rows import Batch
from fieldvault.files.state import State
from fieldvault.files.trouble import rows_failed
from fieldvault.record import RecordCipher


def find_in_file(
    cipher: RecordCipher, source: Source, field: str, value: Any, *, index: str | None = None
) -> Iterator[dict[str, Any]]:
    """In file order, the opened records whose `field` matches `value`, as its index counts it; of a compound index,
    `field` is its name and `value` a mapping of its fields.

    Every match is compared again once it is open, because an index may find more. Raises `SchemaError`
    where the field has no such index or the file lacks its column, `NotIndexable` for a value that no row can have,
    the errors of opening, and `BatchError` by data row (from 1).
    """
    if source.state is not State.SEALED:
        raise ConfigurationError("only a sealed file is searched by its index")
    search = _Search(cipher, source, field, value, index)
    del value
    search.start()
    return search.matches()


class _Search:
    """Holds the value that is looked for, so that no frame of a traceback does."""

    def __init__(self, cipher: RecordCipher, source: Source, field: str, value: Any, index: str | None) -> None:
        self._cipher = cipher
        self._source = source
        self._field = field
        self._index = index
        self._value = value
        self._found_in: Callable[[object], bool] = lambda _: False
        self._column = ""

    def start(self) -> None:
        search = self._cipher.search(self._field, self._value, index=self._index)
        self._column, self._found_in = search.column, search.finder()
        if self._column not in self._source.columns:
            raise SchemaError(
                f"{self._source.path.name} lacks the index column {self._column}", hint="seal it with the index"
            )

    def matches(self) -> Iterator[dict[str, Any]]:
        for batch in self._source.batches():
            outcome = self._opened(batch)
            if isinstance(outcome, FieldvaultError):
                raise outcome
            yield from outcome

    def _opened(self, batch: Batch) -> list[dict[str, Any]] | FieldvaultError:
        if batch.failures:
            return rows_failed(self._source.path, batch.failures, total=batch.rows)
        found_in, column = self._found_in, self._column
        hits = [at for at, record in enumerate(batch.records) if found_in(record[column])]
        try:
            opened = self._cipher.open_many([batch.records[at] for at in hits]) if hits else []
        except BatchError as error:
            failures = {batch.numbers[hits[at]]: why for at, why in error.failures.items()}
            return rows_failed(self._source.path, failures, total=len(hits))
        except FieldvaultError as error:
            return error.detached()
        return self._cipher.confirm(self._field, self._value, opened, index=self._index)
