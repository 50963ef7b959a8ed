"""SQLAlchemy-Utils' `EncryptedType(…, AesGcmEngine)`: base64 of 12 bytes of IV, 16 of tag, and AES-256-GCM."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fieldvault.errors import LegacyValueRefused
from fieldvault.rotation.formats.base import LegacyValue, cell_bytes

_IV_BYTES, _TAG_BYTES = 12, 16


class SqlalchemyUtilsAesGcm:
    """Under the `key` that the column's type was given. A cell is bound to no place: one that was moved opens."""

    is_authenticated = True

    def __init__(self, key: str) -> None:
        self._aead = AESGCM(hashlib.sha256(key.encode()).digest())

    def open_many(self, cells: Sequence[Any]) -> list[LegacyValue | LegacyValueRefused]:
        """See `LegacyFormat`. The texts that were encrypted."""
        return [self._open(cell) for cell in cells]

    def _open(self, cell: Any) -> str | LegacyValueRefused:
        try:
            sealed = b64decode(cell_bytes(cell), validate=True)
            iv, tag = sealed[:_IV_BYTES], sealed[_IV_BYTES : _IV_BYTES + _TAG_BYTES]
            return self._aead.decrypt(iv, sealed[_IV_BYTES + _TAG_BYTES :] + tag, None).decode()
        except (InvalidTag, ValueError):
            return LegacyValueRefused("no AES-GCM cell under this key")

    def __repr__(self) -> str:
        return "<SqlalchemyUtilsAesGcm: hidden>"
