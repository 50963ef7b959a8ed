"""SQLAlchemy-Utils' default, `EncryptedType(…, AesEngine)`: base64 of AES-256-CBC, its IV the key's first half.

Nothing authenticates it. A cell that was altered, or a wrong key, shows only where the padding or UTF-8 is broken:
of 10,000 cells under a wrong key some 40 pass the first with the naive padding, and few of those the second.
Rehearse a column first: rows refused that should not be are a sign of a wrong key, or of a wrong padding.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from fieldvault.errors import LegacyValueRefused
from fieldvault.rotation.formats.base import LegacyValue, cell_bytes

_BLOCK = 16


class AesPadding(StrEnum):
    """How a column pads its values, as its type declares it."""

    NAIVE = "naive"
    PKCS5 = "pkcs5"
    ONE_AND_ZEROES = "oneandzeroes"
    ZEROES = "zeroes"


class SqlalchemyUtilsAes:
    """Under the `key` that the column's type was given. The naive padding loses a `*` at the end of a value."""

    is_authenticated = False

    def __init__(self, key: str, *, padding: AesPadding = AesPadding.NAIVE) -> None:
        digest = hashlib.sha256(key.encode()).digest()
        self._cipher = Cipher(algorithms.AES(digest), modes.CBC(digest[:_BLOCK]))
        self._padding = padding

    def open_many(self, cells: Sequence[Any]) -> list[LegacyValue | LegacyValueRefused]:
        """See `LegacyFormat`. The texts that were encrypted."""
        return [self._open(cell) for cell in cells]

    def _open(self, cell: Any) -> str | LegacyValueRefused:
        try:
            sealed = b64decode(cell_bytes(cell), validate=True)
            decryptor = self._cipher.decryptor()
            padded = decryptor.update(sealed) + decryptor.finalize()
            return _unpadded(padded, self._padding).decode()
        except ValueError:  # base64, whole blocks, padding and UTF-8
            return LegacyValueRefused("no AES-CBC cell under this key and padding")

    def __repr__(self) -> str:
        return "<SqlalchemyUtilsAes: hidden>"


def _unpadded(padded: bytes, padding: AesPadding) -> bytes:
    """Without its padding. Raises `ValueError` where there is none: every mechanism adds 1 to 16 bytes."""
    match padding:
        case AesPadding.NAIVE:
            value = padded.rstrip(b"*")
            added = b"*" * (len(padded) - len(value))
            whole = bool(added)
        case AesPadding.ONE_AND_ZEROES:
            value = padded.rstrip(b"\x00")[:-1]
            added = padded[len(value) :]
            whole = added[:1] == b"\x80" and len(added) <= _BLOCK
        case _:
            count = padded[-1] if padded else 0
            filler = bytes([count]) if padding is AesPadding.PKCS5 else b"\x00"
            value, added = padded[: len(padded) - count], padded[len(padded) - count :]
            whole = 0 < count <= _BLOCK and added == filler * (count - 1) + bytes([count])
    if not whole:
        raise ValueError
    return value
