"""Parquet with pyarrow (extra `arrow`): one row group for each batch.

Envelopes and index values are binary columns, token sets are strings, values have the Arrow type of their codec.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from fieldvault.codec import Codec
from fieldvault.columns.arrow import arrow_type_of, opened_array, sealed_array
from fieldvault.columns.form import BinaryForm
from fieldvault.errors import FieldvaultError, ValueRefused
from fieldvault.files.arrow_library import SEALED_MARK, arrow, parquet
from fieldvault.files.formats import FileFormat
from fieldvault.files.state import State
from fieldvault.files.trouble import unwritable
from fieldvault.files.writing.base import Sink, require_form


class ParquetSink(Sink):
    file_format = FileFormat.PARQUET
    _writer: Any = None

    def start(self) -> None:
        pa = arrow()
        fields = self.schema.fields
        self._values = [
            name in (fields if self.state is State.OPENED else self.schema.plain) for name in self.columns
        ]
        self._arrow_schema = pa.schema(
            [
                pa.field(name, arrow_type_of(fields[name].codec) if is_value else self._sealed_type(name))
                for name, is_value in zip(self.columns, self._values, strict=True)
            ],
            metadata=SEALED_MARK if self.state is State.SEALED else None,
        )
        # No two envelopes are equal, and none is less than another in any useful sense.
        readable = [name for name, is_value in zip(self.columns, self._values, strict=True) if is_value]
        self._writer = parquet().ParquetWriter(
            self.out, self._arrow_schema, use_dictionary=readable, write_statistics=readable
        )

    def write_columns(self, columns: Sequence[Sequence[Any]]) -> None:
        if not any(columns):
            return
        arrays = [
            self.value_array(name, cells) if is_value else self._sealed_array(name, cells)
            for name, is_value, cells in zip(self.columns, self._values, columns, strict=True)
        ]
        self._writer.write_batch(arrow().record_batch(arrays, schema=self._arrow_schema))

    def write_arrays(self, arrays: Sequence[Any]) -> bool:
        """Write columns that are Arrow already. False, and nothing is written, where they are of other types.

        Raises `ConfigurationError` where the disk is full or gone.
        """
        if [array.type for array in arrays] != self._arrow_schema.types:
            return False
        failure = self._arrays_attempted(arrays)
        del arrays
        if failure is not None:
            raise failure
        return True

    def _arrays_attempted(self, arrays: Sequence[Any]) -> FieldvaultError | None:
        try:
            self._writer.write_batch(arrow().record_batch(arrays, schema=self._arrow_schema))
        except OSError as error:
            return unwritable(self.path, error)
        return None

    def value_array(self, name: str, cells: Sequence[Any]) -> Any:
        """Values as a column of the file's type. Raises `ValueRefused`, `SchemaError` for what it cannot hold."""
        return _array(name, cells, self.schema.fields[name].codec)

    def _sealed_type(self, name: str) -> Any:
        return arrow().string() if name in self.schema.token_set_columns else arrow().binary()

    def _sealed_array(self, name: str, cells: Sequence[Any]) -> Any:
        if name in self.schema.token_set_columns:
            return arrow().array(cells, arrow().string())
        require_form(cells, bytes, name)
        return sealed_array(cells, BinaryForm())

    def finish(self) -> None:
        self._writer.close()

    def abandon(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            # It writes its footer when it is closed, and its __del__ would close it later: into a closed file.
            with suppress(arrow().ArrowException, OSError, ValueError):
                writer.close()


def _array(name: str, cells: Sequence[Any], codec: Codec[Any]) -> Any:
    try:
        return opened_array(cells, codec)
    except UnicodeEncodeError:
        pass
    raise ValueRefused(f"{name}: a plain value has a lone surrogate, which UTF-8 cannot encode")
