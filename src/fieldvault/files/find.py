"""Find the rows of a sealed file whose field has a value, by the blind index: only those rows are opened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fieldvault.core.envelope import INDEX_PREFIX, from_text, to_text
from fieldvault.errors import BatchError, ConfigurationError, FieldvaultError, SchemaError
from fieldvault.files.reading.base import Source
from fieldvault.files.reading.rows import RowBatch
from fieldvault.files.state import State
from fieldvault.files.trouble import rows_failed
from fieldvault.record import RecordCipher


def find_in_file(
    cipher: RecordCipher, source: Source, field: str, value: Any, *, index: str | None = None
) -> Iterator[dict[str, Any]]:
    """In file order, the opened records whose `field` equals `value`, as its index counts equality.

    Every match is compared again once it is open, because values of a truncated index collide. Raises `SchemaError`
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
        declared = source.schema.field(field)
        self._column = declared.index_column(declared.find_index(index))
        self._wanted: frozenset[Any] = frozenset()

    def start(self) -> None:
        if self._column not in self._source.columns:
            raise SchemaError(
                f"{self._source.path.name} lacks the index column {self._column}", hint="seal it with the index"
            )
        given = self._cipher.index_values(self._field, self._value, index=self._index)
        found = [one if isinstance(one, bytes) else from_text(INDEX_PREFIX, one) for one in given]
        # The file may be in either form, whichever the cipher writes.
        self._wanted = frozenset([*found, *(to_text(INDEX_PREFIX, one) for one in found)])

    def matches(self) -> Iterator[dict[str, Any]]:
        for batch in self._source.batches():
            outcome = self._opened(batch)
            if isinstance(outcome, FieldvaultError):
                raise outcome
            yield from outcome

    def _opened(self, batch: RowBatch) -> list[dict[str, Any]] | FieldvaultError:
        if batch.failures:
            return rows_failed(self._source.path, batch.failures, total=batch.rows)
        wanted, column = self._wanted, self._column
        hits = [at for at, record in enumerate(batch.records) if record[column] in wanted]
        try:
            opened = self._cipher.open_many([batch.records[at] for at in hits]) if hits else []
        except BatchError as error:
            failures = {batch.numbers[hits[at]]: why for at, why in error.failures.items()}
            return rows_failed(self._source.path, failures, total=len(hits))
        except FieldvaultError as error:
            return error.detached()
        same = self._cipher.matches
        return [one for one in opened if same(self._field, self._value, one[self._field], index=self._index)]
