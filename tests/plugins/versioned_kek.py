"""A KEK in memory that has versions, as transit has: rotated, closed, trimmed. Counts its requests of 160 keys."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fieldvault.errors import KekError, KekMisconfigured, KeyWrapRefused
from fieldvault.ports import KekVersions


class VersionedFakeKek:
    """`calls` counts requests by operation. `spoil(operation, change)` alters what the next request returns."""

    def __init__(self, name: str = "fake-versioned:a") -> None:
        self.name = name
        self.calls: Counter[str] = Counter()
        self.failures: dict[str, KekError] = {}
        self.before: dict[str, Callable[[], object]] = {}
        self._spoil: dict[str, Callable[[list[bytes]], list[bytes]]] = {}
        self._keys: dict[int, AESGCM] = {}
        self._opened = self._kept = 1
        self._lock = threading.Lock()
        self._since = datetime(2026, 1, 1, tzinfo=UTC)
        self.rotate()
        self.calls.clear()

    def spoil(self, operation: str, change: Callable[[list[bytes]], list[bytes]]) -> None:
        self._spoil[operation] = change

    def wrap(self, keys: Sequence[bytes]) -> list[bytes]:
        self._ask("wrap", len(keys))
        return self._given("wrap", [self._wrapped(key) for key in keys])

    def unwrap(self, wrapped: Sequence[bytes]) -> list[bytes | KeyWrapRefused]:
        self._ask("unwrap", len(wrapped))
        return [self._opened_one(one) for one in wrapped]

    def rewrap(self, wrapped: Sequence[bytes]) -> list[bytes | KeyWrapRefused]:
        self._ask("rewrap", len(wrapped))
        opened = [self._opened_one(one) for one in wrapped]
        again: list[bytes | KeyWrapRefused] = [
            one if isinstance(one, KeyWrapRefused) else self._wrapped(one) for one in opened
        ]
        return self._given("rewrap", again)  # type: ignore[arg-type, return-value]

    def version_of(self, wrapped: bytes) -> int:
        if len(wrapped) != 4 + 12 + 48:
            raise KeyWrapRefused("malformed")
        return int.from_bytes(wrapped[:4], "big")

    def versions(self) -> KekVersions:
        self._ask("versions", 1)
        return KekVersions(max(self._keys), self._opened, self._kept, self._since)

    def rotate(self) -> None:
        self._ask("rotate", 1)
        self._keys[max(self._keys, default=0) + 1] = AESGCM(os.urandom(32))

    def open_from(self, version: int) -> None:
        self._ask("open_from", 1)
        if version < self._kept:
            raise KekMisconfigured("below what is kept")
        self._opened = version

    def trim_below(self, version: int) -> None:
        self._ask("trim_below", 1)
        assert version <= self._opened
        self._kept = version
        self._keys = {number: key for number, key in self._keys.items() if number >= version}

    def _ask(self, operation: str, keys: int) -> None:
        with self._lock:
            self.calls[operation] += -(-keys // 160)
        step_in = self.before.pop(operation, None)
        if step_in is not None:
            step_in()
        if operation in self.failures:
            raise self.failures[operation].copy()

    def _given(self, operation: str, result: list[bytes]) -> list[bytes]:
        change = self._spoil.pop(operation, None)
        return result if change is None else change(result)

    def _wrapped(self, key: bytes) -> bytes:
        newest, nonce = max(self._keys), os.urandom(12)
        return newest.to_bytes(4, "big") + nonce + self._keys[newest].encrypt(nonce, key, None)

    def _opened_one(self, wrapped: bytes) -> bytes | KeyWrapRefused:
        version = int.from_bytes(wrapped[:4], "big")
        if version not in self._keys or version < self._opened:
            return KeyWrapRefused("a version that is not opened")
        try:
            return self._keys[version].decrypt(wrapped[4:16], wrapped[16:], None)
        except InvalidTag:
            return KeyWrapRefused("does not authenticate")
