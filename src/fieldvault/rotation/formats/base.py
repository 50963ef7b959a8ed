"""What a reader of another format is, and how what it read becomes a value of a declared type.

Rules of this folder:

1. A reader opens a batch and returns, for each cell, what was in it or why not. It never raises for a cell.
2. What is refused is refused by `LegacyValueRefused`, which holds nothing of the cell.
3. Keys are given to a reader once; its repr shows none.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from fieldvault.codec import Codec
from fieldvault.errors import FieldvaultError, LegacyValueRefused

LegacyValue = Any
"""Text or bytes; another Python value where the format keeps types."""


class LegacyFormat(Protocol):
    """Reads the cells of one format under the keys it was given."""

    @property
    def is_authenticated(self) -> bool:
        """Whether a wrong key or an altered cell is always noticed."""

    def open_many(self, cells: Sequence[Any]) -> list[LegacyValue | LegacyValueRefused]:
        """For each cell, which is not None: what is in it, or why not."""


class PlainValues:
    """No encryption at all: the cells are the values."""

    is_authenticated = False

    def open_many(self, cells: Sequence[Any]) -> list[LegacyValue | LegacyValueRefused]:
        """See `LegacyFormat`."""
        return list(cells)


def cell_bytes(cell: Any) -> bytes:
    """A cell of a text or binary column as bytes."""
    return cell.encode() if isinstance(cell, str) else bytes(cell)


def converted(codec: Codec[Any], value: LegacyValue) -> Any | FieldvaultError:
    """A value of the codec's type, or why it is none."""
    if isinstance(value, LegacyValueRefused):
        return value
    try:
        if isinstance(value, bytes | bytearray | memoryview) and codec.python_type is not bytes:
            value = _text(bytes(value))
        elif isinstance(value, memoryview | bytearray):
            value = bytes(value)
        if isinstance(value, str) and codec.python_type is not str:
            return codec.from_text(value)
    except FieldvaultError as error:
        return error.detached()
    return value


def _text(data: bytes) -> str:
    text = None
    with suppress(UnicodeDecodeError):  # raised below: this error holds the data
        text = data.decode()
    if text is None:
        raise LegacyValueRefused("what was opened is no text", hint="is it the right key, and the right format?")
    return text
