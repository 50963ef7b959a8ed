"""A text file as a stream of bytes that counts them, and refuses what no text file has."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from fieldvault.files.trouble import malformed

BUFFER_BYTES = 1 << 18
MAX_LINE_BYTES = 1 << 26
"""64 MiB: a longer line is no row of a table, and would have to be held in memory as a whole."""

BOM = b"\xef\xbb\xbf"


class ByteStream(io.RawIOBase):
    """Raises `SchemaError` for a NUL byte (a binary file, or UTF-16) and for a line longer than `MAX_LINE_BYTES`.

    Raises `OSError` where the file cannot be opened.
    """

    # So that the finaliser of an object whose file could not be opened has something to look at.
    _file: io.FileIO | None = None

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.count = 0
        self._path = path
        self._line_bytes = 0
        self._file = io.FileIO(path)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        count = 0 if self._file is None else self._file.readinto(buffer) or 0
        chunk = bytes(memoryview(buffer)[:count])
        if b"\0" in chunk:
            raise malformed(self._path, "a NUL byte, which no text has", hint="save the file as UTF-8 text")
        end = chunk.rfind(b"\n")
        self._line_bytes = self._line_bytes + count if end < 0 else count - end - 1
        if self._line_bytes > MAX_LINE_BYTES:
            raise malformed(self._path, f"a line is longer than {MAX_LINE_BYTES >> 20} MiB")
        self.count += count
        return count

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()

    def lines(self) -> Iterator[bytes]:
        """The lines with their ends, without the byte-order mark that some programs put in front."""
        buffered = io.BufferedReader(self, BUFFER_BYTES)
        first = buffered.readline().removeprefix(BOM)
        if first:
            yield first
        yield from buffered
