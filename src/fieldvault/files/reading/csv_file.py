"""CSV as RFC 4180 says it, in UTF-8, with a header.

A byte-order mark, CRLF or LF, quotes and line breaks inside quotes are taken; blank lines are passed over. An
empty cell is None: CSV cannot tell an empty text from no value. Refused are: a header with a name twice, rows with
more or fewer cells than the header, text after a closing quote, a quote that is never closed, NUL bytes, and what
is not UTF-8.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from fieldvault.codec import Codec
from fieldvault.codec.scalars import StrCodec
from fieldvault.errors import FieldvaultError, SchemaError
from fieldvault.files.formats import FileFormat
from fieldvault.files.reading.base import Source
from fieldvault.files.reading.byte_stream import ByteStream
from fieldvault.files.reading.columns import readers_for
from fieldvault.files.reading.rows import ColumnReader, RowBatch, assemble, may_be_sealed, refuse_sealed
from fieldvault.files.trouble import malformed

MAX_CELL_CHARACTERS = 1 << 24
"""An unclosed quote swallows the rest of the file; this is how much of it is held in memory."""

_SAID_BY_CSV = {
    "end of data": "a quoted cell is not closed by the end of the file",
    "expected after": "text follows a closing quote",
    "limit": f"a cell is longer than {MAX_CELL_CHARACTERS >> 20} Mi characters; perhaps its quote is never closed",
    "new-line": "a carriage return stands outside quotes",
}


class CsvSource(Source):
    file_format = FileFormat.CSV
    _bytes: ByteStream | None = None

    @property
    def read_bytes(self) -> int:
        return self._bytes.count if self._bytes else 0

    def start(self) -> Sequence[str]:
        # csv has one limit for the whole process, 128 Ki at first. It is raised here, never lowered.
        csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL_CHARACTERS))
        self._bytes = ByteStream(self.path)
        text = map(bytes.decode, self._bytes.lines())
        self._rows: Iterator[list[str]] = filter(None, csv.reader(text, strict=True))
        self._done = 0
        header = self._take(1)
        if not header:
            raise malformed(self.path, "the file is empty", hint="a CSV file begins with its column names")
        return header[0]

    def get_ready(self) -> None:
        self._readers = readers_for(self.columns, self.schema, self.state, value=text_column, sealed=sealed_column)

    def read_batch(self) -> RowBatch | None:
        rows = self._take(self.batch_rows)
        if not rows:
            return None
        numbers: Sequence[int] = range(self._done + 1, self._done + len(rows) + 1)
        self._done += len(rows)
        failures: dict[int, FieldvaultError] = {}
        width = len(self.columns)
        if set(map(len, rows)) != {width}:
            failures = {
                number: SchemaError(f"{len(row)} cells under a header of {width}")
                for number, row in zip(numbers, rows, strict=True)
                if len(row) != width
            }
            numbers = [number for number in numbers if number not in failures]
            rows = [row for row in rows if len(row) == width]
        columns = list(zip(*rows, strict=True)) or [()] * width
        del rows
        return assemble(self._readers, columns, numbers, failures)

    def _take(self, count: int) -> list[list[str]]:
        rows: list[list[str]] = []
        trouble: str | None = None
        try:
            rows.extend(islice(self._rows, count))
        except UnicodeDecodeError:
            trouble = "not UTF-8"
        except csv.Error as error:
            said = str(error)
            trouble = next((ours for theirs, ours in _SAID_BY_CSV.items() if theirs in said), "not CSV")
        if trouble is None:
            return rows
        hint = "save the file as UTF-8 text" if trouble == "not UTF-8" else None
        raise malformed(self.path, trouble, row=self._done + len(rows) + 1, hint=hint)

    def close(self) -> None:
        if self._bytes is not None:
            self._bytes.close()


def sealed_column(name: str) -> ColumnReader:
    """Envelopes and index values as text, the empty cell as None."""
    return ColumnReader(name, lambda cells: [cell or None for cell in cells], lambda cell: cell or None)


def text_column(name: str, codec: Codec[Any]) -> ColumnReader:
    """Values from text by the codec's `from_text`, the empty cell as None; envelopes are refused."""
    from_text = codec.from_text

    def one(cell: str) -> Any:
        if not cell:
            return None
        refuse_sealed(cell)
        return from_text(cell)

    def many(cells: Sequence[str]) -> list[Any]:
        return [from_text(cell) if cell else None for cell in cells]

    def many_texts(cells: Sequence[str]) -> list[Any]:
        if may_be_sealed(cells):
            return [one(cell) for cell in cells]
        return [cell or None for cell in cells]

    return ColumnReader(name, many_texts if type(codec.bare) is StrCodec else many, one)
