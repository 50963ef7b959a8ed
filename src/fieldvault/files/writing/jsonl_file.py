"""JSON Lines: compact JSON in UTF-8, one object a line (RFC 8259).

str, int, bool, finite float and JSON values are written as such; everything else, envelopes included, as a string.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from fieldvault.codec import Codec
from fieldvault.codec.base import attempt
from fieldvault.codec.plaintext import JSON
from fieldvault.errors import ValueRefused
from fieldvault.files.formats import FileFormat
from fieldvault.files.state import State
from fieldvault.files.writing.text import Cells, TextSink, Writer, encoded_lines, sealed_text, value_text

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class JsonlSink(TextSink):
    file_format = FileFormat.JSONL

    def start(self) -> None:
        as_values = self.schema.fields if self.state is State.OPENED else self.schema.plain
        self._writers = [
            _json_value(self.schema.fields[name].codec) if name in as_values else sealed_text(name)
            for name in self.columns
        ]

    def write_columns(self, columns: Sequence[Cells]) -> None:
        cells = [write(cells) for write, cells in zip(self._writers, columns, strict=True)]
        names = self.columns
        records = (dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True))
        lines = attempt(lambda: [_ENCODER.encode(record) for record in records], ValueError, RecursionError)
        if lines is None:
            raise ValueRefused(f"{self.path.name}: a value cannot be written as JSON")
        self.out.write(encoded_lines(self.path, lines))


def _json_value(codec: Codec[Any]) -> Writer:
    if codec.python_type in (str, int, bool) or codec.tag == JSON:
        return lambda cells: cells
    if codec.python_type is float:
        return lambda cells: _floats(codec, cells)
    return value_text(codec)


def _floats(codec: Codec[Any], cells: Cells) -> Cells:
    return [cell if cell is None or math.isfinite(cell) else codec.to_text(cell) for cell in cells]
