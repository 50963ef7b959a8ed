"""CountingKek: a KEK provider that counts the calls to another one."""

from __future__ import annotations

from collections.abc import Sequence

from fieldvault.errors import KeyWrapRefused
from fieldvault.ports import KekProvider


class CountingKek:
    """Passes everything on (port `KekProvider`)."""

    def __init__(self, kek: KekProvider) -> None:
        self._kek = kek
        self.wraps = 0
        self.unwraps = 0

    @property
    def calls(self) -> int:
        return self.wraps + self.unwraps

    @property
    def name(self) -> str:
        return self._kek.name

    def wrap(self, keys: Sequence[bytes]) -> list[bytes]:
        self.wraps += 1
        return self._kek.wrap(keys)

    def unwrap(self, wrapped: Sequence[bytes]) -> list[bytes | KeyWrapRefused]:
        self.unwraps += 1
        return self._kek.unwrap(wrapped)

    def version_of(self, wrapped: bytes) -> int:
        return self._kek.version_of(wrapped)
