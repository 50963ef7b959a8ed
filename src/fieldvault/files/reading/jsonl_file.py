"""JSON Lines: one JSON object a line (RFC 8259), in UTF-8.

Every object has the same keys, in any order; `null` is None. Blank lines are passed over. A line stands for itself,
so one that is no such object is that row's failure, but for the first, which names the columns. A file without
lines has no rows, and the schema's fields as columns. Python's extensions of JSON (NaN, Infinity) are refused, and
so is a key that stands twice in an object.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any, NoReturn

from fieldvault.errors import FieldvaultError, SchemaError
from fieldvault.files.formats import FileFormat
from fieldvault.files.reading.base import Source
from fieldvault.files.reading.byte_stream import ByteStream
from fieldvault.files.reading.columns import readers_for
from fieldvault.files.reading.json_cells import json_column
from fieldvault.files.reading.rows import RowBatch, as_they_are, assemble
from fieldvault.files.trouble import malformed


class JsonlSource(Source):
    file_format = FileFormat.JSONL
    _bytes: ByteStream | None = None

    @property
    def read_bytes(self) -> int:
        return self._bytes.count if self._bytes else 0

    def start(self) -> Sequence[str]:
        self._bytes = ByteStream(self.path)
        self._lines: Iterator[bytes] = filter(bytes.strip, self._bytes.lines())
        self._done = 0
        first = next(self._lines, None)
        if first is None:
            return list(self.schema.fields)
        self._lines = chain([first], self._lines)
        record = object_of(first)
        if isinstance(record, SchemaError):
            raise malformed(self.path, record.message, row=1, hint=record.hint)
        return list(record)

    def get_ready(self) -> None:
        self._keys = set(self.columns)
        self._readers = readers_for(self.columns, self.schema, self.state, value=json_column, sealed=as_they_are)

    def read_batch(self) -> RowBatch | None:
        numbers: list[int] = []
        records: list[dict[str, Any]] = []
        failures: dict[int, FieldvaultError] = {}
        keys = self._keys
        for number, line in enumerate(islice(self._lines, self.batch_rows), self._done + 1):
            record = object_of(line)
            if isinstance(record, SchemaError):
                failures[number] = record
            elif record.keys() != keys:
                failures[number] = self._other_keys(record)
            else:
                numbers.append(number)
                records.append(record)
        if not numbers and not failures:
            return None
        self._done += len(numbers) + len(failures)
        columns = [[record[name] for record in records] for name in self.columns]
        del records
        return assemble(self._readers, columns, numbers, failures)

    def _other_keys(self, record: dict[str, Any]) -> SchemaError:
        missing = [name for name in self.columns if name not in record]
        if missing:
            return SchemaError(f"the object lacks {', '.join(missing)}", hint="write null where there is no value")
        # A key of one row may be a value that went astray, so it is counted and not shown.
        return SchemaError(f"the object has {len(record) - len(self._keys)} keys that the first line has not")

    def close(self) -> None:
        if self._bytes is not None:
            self._bytes.close()


def object_of(line: bytes) -> dict[str, Any] | SchemaError:
    """The object that a line holds, or why it holds none, without a trace of the line."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return SchemaError("not UTF-8", hint="save the file as UTF-8 text")
    try:
        record = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return SchemaError("the line is not JSON (RFC 8259), has a key twice, or an int of thousands of digits")
    if type(record) is not dict:
        return SchemaError("the line is JSON, but not an object", hint="one {…} a line")
    return record


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant)
