"""CSV: UTF-8, a header, cells quoted only where they must be, line feeds.

None is the empty cell, and so is an empty text: CSV cannot tell them apart. A text that a spreadsheet would take
for a formula is written as it is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from fieldvault.files.formats import FileFormat
from fieldvault.files.state import State
from fieldvault.files.writing.text import Cells, TextSink, encoded_lines, sealed_text, value_text


class CsvSink(TextSink):
    file_format = FileFormat.CSV

    def start(self) -> None:
        as_values = self.schema.fields if self.state is State.OPENED else self.schema.plain
        self._writers = [
            value_text(self.schema.fields[name].codec) if name in as_values else sealed_text(name)
            for name in self.columns
        ]
        self._write_rows([self.columns])

    def write_columns(self, columns: Sequence[Cells]) -> None:
        texts = [_without_none(write(cells)) for write, cells in zip(self._writers, columns, strict=True)]
        self._write_rows(zip(*texts, strict=True))

    def _write_rows(self, rows: Iterable[Sequence[str]]) -> None:
        self.out.write(encoded_lines(self.path, [_line(row) for row in rows]))


def _without_none(cells: Cells) -> Cells:
    return [cell or "" for cell in cells] if None in cells else cells


def _line(row: Sequence[str]) -> str:
    line = ",".join(row)
    # csv goes over it character by character, and most rows, the sealed ones above all, need no quotes.
    if line and line.count(",") == len(row) - 1 and not ('"' in line or "\n" in line or "\r" in line):
        return line
    quoted = io.StringIO()
    # csv quotes the characters of its line end: with CRLF, both of them, whichever a reader splits lines at.
    csv.writer(quoted, lineterminator="\r\n").writerow(row)
    return quoted.getvalue()[:-2]
