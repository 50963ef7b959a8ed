"""How sealed values and index values look in a column: bytes, or the same bytes as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from fieldvault.core.envelope import ENVELOPE_PREFIX, INDEX_PREFIX, from_text, to_text
from fieldvault.errors import EnvelopeMalformed


class Form(Protocol):
    """Chosen once for a `RecordCipher`. It matters for what is written; both forms are read."""

    def envelopes(self, sealed: Sequence[bytes]) -> Sequence[Any]:
        """Envelopes as the column holds them."""

    def index_values(self, values: Sequence[bytes]) -> Sequence[Any]:
        """Index values as the column holds them."""


class BinaryForm:
    """For BYTEA, BLOB and Parquet binary columns: the bytes themselves."""

    def envelopes(self, sealed: Sequence[bytes]) -> Sequence[bytes]:
        return sealed

    def index_values(self, values: Sequence[bytes]) -> Sequence[bytes]:
        return values


class TextForm:
    """For text columns, CSV and JSON: `fv1.` or `fx1.` and base64url (spec envelope-v1 §3, index-v1 §3)."""

    def envelopes(self, sealed: Sequence[bytes]) -> list[str]:
        return [to_text(ENVELOPE_PREFIX, one) for one in sealed]

    def index_values(self, values: Sequence[bytes]) -> list[str]:
        return [to_text(INDEX_PREFIX, one) for one in values]


def envelope_bytes(cell: object) -> bytes:
    """An envelope's bytes from a cell of either form. Raises `EnvelopeMalformed` for any other type."""
    if type(cell) is bytes:
        return cell
    if isinstance(cell, str):
        return from_text(ENVELOPE_PREFIX, cell)
    if isinstance(cell, bytes | bytearray | memoryview):
        return bytes(cell)
    raise EnvelopeMalformed(f"a cell of type {type(cell).__name__} is no envelope")
