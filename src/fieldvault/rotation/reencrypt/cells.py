"""What the first bytes of a sealed cell say, for the database and for us: which key sealed it, and whether it is an
envelope at all (spec envelope-v1 §2, §3). Rows that need nothing are left out by the database itself.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, func, or_

from fieldvault.columns.form import envelope_bytes
from fieldvault.core.envelope import ENVELOPE_PREFIX, HEADER_BYTES, VERSION_1, to_text
from fieldvault.errors import OpenError

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_WHOLE_CHARACTERS = HEADER_BYTES * 8 // 6
_SHARED_BITS = 6 - HEADER_BYTES * 8 % 6


def header_of(key_id: bytes) -> bytes:
    """The first bytes of every envelope that the key seals."""
    return VERSION_1 + key_id


def key_id_of(cell: Any) -> bytes | None:
    """Which key sealed a cell; None for what is no envelope."""
    if type(cell) is bytes:
        return cell[1:HEADER_BYTES] if cell[:1] == VERSION_1 and len(cell) > HEADER_BYTES else None
    try:
        envelope = envelope_bytes(cell)
    except OpenError:
        return None
    return envelope[1:HEADER_BYTES] if envelope[:1] == VERSION_1 and len(envelope) > HEADER_BYTES else None


def looks_sealed(cell: Any) -> bool:
    """Whether a cell begins as an envelope does, as `HeaderColumn.is_envelope` says it in SQL."""
    if isinstance(cell, str):
        return cell.startswith(ENVELOPE_PREFIX)
    return bytes(cell[:1]) == VERSION_1


def text_beginnings(header: bytes) -> list[str]:
    """How a cell in text form begins that has this header: base64url has six bits a character, so that the last
    one is shared with what follows."""
    whole = to_text(ENVELOPE_PREFIX, header)[: len(ENVELOPE_PREFIX) + _WHOLE_CHARACTERS]
    rest = int.from_bytes(header, "big") & ((1 << HEADER_BYTES * 8 % 6) - 1)
    return [whole + _ALPHABET[rest << _SHARED_BITS | last] for last in range(1 << _SHARED_BITS)]


class HeaderColumn:
    """The header of one column's cells in SQL. `text`: whether the column holds the text form."""

    def __init__(self, cell: ColumnElement[Any], *, text: bool) -> None:
        self._cell = cell
        self._text = text

    def is_on(self, key_id: bytes) -> ColumnElement[bool]:
        """Whether this key sealed it; NULL for NULL."""
        header = header_of(key_id)
        if self._text:
            beginnings = text_beginnings(header)
            return func.substr(self._cell, 1, len(beginnings[0])).in_(beginnings)
        return func.substr(self._cell, 1, len(header), type_=LargeBinary) == header

    def is_on_any(self, key_ids: list[bytes]) -> ColumnElement[bool]:
        """Whether one of these keys sealed it."""
        return or_(*(self.is_on(one) for one in key_ids))

    def is_envelope(self) -> ColumnElement[bool]:
        """Whether it begins as an envelope does."""
        if self._text:
            return func.substr(self._cell, 1, len(ENVELOPE_PREFIX)) == ENVELOPE_PREFIX
        return func.substr(self._cell, 1, len(VERSION_1), type_=LargeBinary) == VERSION_1
