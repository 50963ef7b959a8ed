"""Fernet tokens (https://github.com/fernet/spec/blob/master/Spec.md), as `cryptography.fernet` writes them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from fieldvault.errors import ConfigurationError, LegacyValueRefused
from fieldvault.rotation.formats.base import LegacyValue, cell_bytes


class FernetTokens:
    """Tokens under any of `keys`, each 32 bytes in base64url. Raises `ConfigurationError` for another key."""

    is_authenticated = True

    def __init__(self, keys: Sequence[str | bytes]) -> None:
        fernets = []
        with suppress(ValueError):  # raised below: this error may quote the key
            fernets = [Fernet(key) for key in keys]
        if not fernets or len(fernets) < len(keys):
            raise ConfigurationError("a Fernet key is 32 bytes in base64url")
        self._fernet = MultiFernet(fernets)

    def open_many(self, cells: Sequence[Any]) -> list[LegacyValue | LegacyValueRefused]:
        """See `LegacyFormat`. The bytes in each token; how old it is does not matter."""
        return [self._open(cell) for cell in cells]

    def _open(self, cell: Any) -> bytes | LegacyValueRefused:
        try:
            return self._fernet.decrypt(cell_bytes(cell))
        except (InvalidToken, TypeError, UnicodeEncodeError):
            return LegacyValueRefused("no Fernet token under these keys")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: hidden>"
