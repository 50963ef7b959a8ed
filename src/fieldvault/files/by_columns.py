"""Parquet to Parquet without records: whole columns through the cipher's column methods, a batch at a time.

Rules of this file:

1. It does the usual case only, and leaves every batch with a failure to the way by rows, which says which rows
   failed and why. Both ways write the same values.
2. Nothing is written before every column of the batch is done.
3. What is refused by rows is refused here: a column is handed over as it is only where its Arrow type is the
   field's own and none of its texts looks sealed; any other is read by its reader.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fieldvault.codec import Codec
from fieldvault.columns.arrow import arrow_type_of, opened_array, sealed_array
from fieldvault.core import native
from fieldvault.core.envelope import ENVELOPE_PREFIX
from fieldvault.errors import BatchError, OpenError, SchemaError, ValueRefused
from fieldvault.files.arrow_library import arrow, compute
from fieldvault.files.reading.base import Source
from fieldvault.files.reading.rows import Batch, ColumnBatch
from fieldvault.files.writing.base import Sink
from fieldvault.files.writing.parquet_file import ParquetSink
from fieldvault.record import RecordCipher
from fieldvault.tokens import ExactIndex

ByColumns = Callable[[Batch], bool]
"""Writes a batch and says so, or leaves it to the way by rows."""

_AS_THEY_ARE = (str, bytes, int, bool, float)
_ONE_FAILED = (BatchError, OpenError, SchemaError, ValueRefused)
"""The way by rows finds out which, and says it."""


def sealing_by_columns(cipher: RecordCipher, source: Source, sink: Sink) -> ByColumns | None:
    """How batches of `source` are sealed by columns; None where it takes records."""
    if not _can(cipher, sink) or any(
        type(one.index) is not ExactIndex or one.slots[0].following is not None for one in cipher.schema.indexes
    ):
        return None
    return _Sealing(cipher, source, sink).write


def opening_by_columns(cipher: RecordCipher, source: Source, sink: Sink) -> ByColumns | None:
    """How batches of `source` are opened by columns; None where it takes records."""
    return _Opening(cipher, source, sink).write if _can(cipher, sink) else None


def _can(cipher: RecordCipher, sink: Sink) -> bool:
    return native.MODULE is not None and cipher.schema.subject is None and isinstance(sink, ParquetSink)


class _Walk:
    def __init__(self, cipher: RecordCipher, source: Source, sink: Any) -> None:
        self._cipher = cipher
        self._schema = cipher.schema
        self._source = source
        self._sink: ParquetSink = sink

    def write(self, batch: Batch) -> bool:
        arrays = self._arrays(batch)
        del batch
        return arrays is not None and self._sink.write_arrays(arrays)

    def _arrays(self, batch: Batch) -> Sequence[Any] | None:
        if not isinstance(batch, ColumnBatch):
            return None
        given = {reader.name: (reader, cells) for reader, cells in zip(batch.readers, batch.columns, strict=True)}
        try:
            made = self.made(given)
        except _ONE_FAILED:
            return None
        return [made[name] for name in self._sink.columns]

    def made(self, given: dict[str, Any]) -> dict[str, Any]:
        """The columns of the output. Raises one of `_ONE_FAILED`."""
        raise NotImplementedError

    def values(self, given: dict[str, Any], name: str) -> Any:
        """A column of values: as it is where it is of the field's own type, else read by its reader."""
        reader, cells = given[name]
        return cells if _is_plain(cells, self._schema.fields[name].codec) else reader.many(cells)

    def as_written(self, name: str, values: Any) -> Any:
        """Plain values as a column of the output."""
        codec = self._schema.fields[name].codec
        if isinstance(values, arrow().Array) and values.type == arrow_type_of(codec):
            return values
        return self._sink.value_array(name, values.to_pylist() if isinstance(values, arrow().Array) else values)

    def row_ids(self, values: dict[str, Any], name: str) -> Any:
        if not self._schema.field(name).row_bound:
            return None
        columns = tuple(values[part] for part in self._schema.row_id)
        return columns if len(columns) > 1 else columns[0]


class _Sealing(_Walk):
    def made(self, given: dict[str, Any]) -> dict[str, Any]:
        schema, cipher = self._schema, self._cipher
        values = {name: self.values(given, name) for name in given}
        made = {name: self.as_written(name, values[name]) for name in schema.plain}
        for name in schema.sealed:
            sealed = cipher.seal_column(name, values[name], row_ids=self.row_ids(values, name))
            made[name] = sealed_array(sealed, cipher.form)
        for one in schema.indexes:
            column = cipher.index_column(one.owner, values[one.owner], index=one.index.name)
            made[one.slots[0].column] = sealed_array(column, cipher.form)
        return made


class _Opening(_Walk):
    def made(self, given: dict[str, Any]) -> dict[str, Any]:
        schema, cipher = self._schema, self._cipher
        values = {name: self.values(given, name) for name in schema.plain}
        made = {name: self.as_written(name, values[name]) for name in schema.plain}
        for name in schema.sealed:
            _, cells = given[name]
            opened = cipher.open_column(name, cells, row_ids=self.row_ids(values, name))
            if not isinstance(opened, arrow().Array):
                opened = opened_array(opened, schema.field(name).codec)
            made[name] = opened
        return made


def _is_plain(cells: Any, codec: Codec[Any]) -> bool:
    """Whether a column can be handed over unread: of the type itself, whole, and with no text that looks sealed."""
    if codec.python_type not in _AS_THEY_ARE or cells.type != arrow_type_of(codec):
        return False
    try:
        cells.validate(full=True)
    except arrow().ArrowException:
        return False
    if codec.python_type is not str:
        return True
    return not compute().any(compute().starts_with(cells, ENVELOPE_PREFIX)).as_py()
