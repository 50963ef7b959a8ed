"""django-cryptography 1.1 and its forks: `encrypt(field)`.

0x80 || 8 bytes of time || 16 bytes of IV || AES-256-CBC of a pickle || HMAC-SHA256 under the site's SECRET_KEY

The pickle is authentic once its HMAC is. All the same nothing is loaded from it but plain values: no class is
looked up that is not in the list below.
"""

from __future__ import annotations

import hmac
import io
import pickle
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID, SafeUUID

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from fieldvault.errors import LegacyValueRefused
from fieldvault.rotation.formats.base import LegacyValue

_ITERATIONS = 30_000
_VERSION = 0x80
_HEAD_BYTES, _IV_BYTES, _TAG_BYTES = 9, 16, 32
_CLASSES: dict[tuple[str, str], Any] = {
    (one.__module__, one.__qualname__): one
    for one in (date, datetime, time, timedelta, timezone, Decimal, UUID, SafeUUID)
}
_BROKEN = (pickle.UnpicklingError, ValueError, TypeError, EOFError, AttributeError, IndexError, KeyError)


class DjangoCryptography:
    """`secret_key` is the site's SECRET_KEY; `key` its CRYPTOGRAPHY_KEY, where that is set; `salt` its
    CRYPTOGRAPHY_SALT."""

    is_authenticated = True

    def __init__(self, secret_key: str, *, key: str | None = None, salt: str = "django-cryptography") -> None:
        kdf = PBKDF2HMAC(hashes.SHA256(), 32, salt.encode(), _ITERATIONS)
        self._cipher_key = kdf.derive((key or secret_key).encode())
        self._signing_key = secret_key.encode()

    def open_many(self, cells: Sequence[Any]) -> list[LegacyValue | LegacyValueRefused]:
        """See `LegacyFormat`. The values that were pickled."""
        return [self._open(bytes(cell) if not isinstance(cell, str) else b"") for cell in cells]

    def _open(self, cell: bytes) -> LegacyValue | LegacyValueRefused:
        signed, tag = cell[:-_TAG_BYTES], cell[-_TAG_BYTES:]
        made = hmac.digest(self._signing_key, signed, "sha256")
        if not hmac.compare_digest(made, tag) or signed[:1] != bytes([_VERSION]):
            return LegacyValueRefused("not written by django-cryptography under this SECRET_KEY")
        iv, sealed = signed[_HEAD_BYTES : _HEAD_BYTES + _IV_BYTES], signed[_HEAD_BYTES + _IV_BYTES :]
        try:
            decryptor = Cipher(algorithms.AES(self._cipher_key), modes.CBC(iv)).decryptor()
            unpadder = padding.PKCS7(128).unpadder()
            padded = decryptor.update(sealed) + decryptor.finalize()
            return _PlainValues(io.BytesIO(unpadder.update(padded) + unpadder.finalize())).load()
        except _BROKEN:
            return LegacyValueRefused(
                "signed, but not a plain value under this key", hint="does the site set CRYPTOGRAPHY_KEY?"
            )

    def __repr__(self) -> str:
        return "<DjangoCryptography: hidden>"


class _PlainValues(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = _CLASSES.get((module, name))
        if found is None:
            raise pickle.UnpicklingError("not a plain value")
        return found
