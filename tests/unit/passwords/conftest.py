"""What the tests of passwords share: the cheapest hasher, a pepper in memory, and a count of Argon2's work."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Any

import argon2.low_level
import pytest

from fieldvault.errors import KekError, KekUnavailable
from fieldvault.passwords import CHEAPEST, PasswordHasher, Peppered, argon2id


class MemoryPepper:
    """A pepper with a key in this process; `versions` are those that it still has."""

    def __init__(self, name: str = "main") -> None:
        self.name = name
        self.newest = 1
        self.calls: list[int] = []
        self.down = False

    def mac(self, messages: Sequence[bytes], *, version: int | None = None) -> Peppered:
        self.calls.append(len(messages))
        if self.down:
            raise KekUnavailable("the pepper is down")
        if version is not None and version > self.newest:
            raise KekError("no such version")
        used = version or self.newest
        return Peppered(used, [hmac.digest(b"key%d" % used, message, hashlib.sha256) for message in messages])

    def newest_version(self) -> int:
        return self.newest


@pytest.fixture
def hasher() -> PasswordHasher:
    return PasswordHasher(CHEAPEST)


@pytest.fixture
def pepper() -> MemoryPepper:
    return MemoryPepper()


@pytest.fixture
def spent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """(memory in KiB, passes, lanes) of every call of Argon2, in order."""
    calls: list[tuple[int, int, int]] = []

    def hashing(secret: bytes, salt: bytes, **parameters: Any) -> bytes:
        calls.append((parameters["memory_cost"], parameters["time_cost"], parameters["parallelism"]))
        return argon2.low_level.hash_secret(secret, salt, **parameters)

    def verifying(stored: bytes, secret: bytes, kind: Any) -> bool:
        given = dict(part.split("=") for part in stored.decode().split("$")[3].split(","))
        calls.append((int(given["m"]), int(given["t"]), int(given["p"])))
        return argon2.low_level.verify_secret(stored, secret, kind)

    monkeypatch.setattr(argon2id, "hash_secret", hashing)
    monkeypatch.setattr(argon2id, "verify_secret", verifying)
    return calls


Raised = Callable[[Callable[[], object]], BaseException]


@pytest.fixture
def raised() -> Raised:
    """The error that a call raises."""

    def run(call: Callable[[], object]) -> BaseException:
        try:
            call()
        except Exception as error:  # noqa: BLE001
            return error
        raise AssertionError("nothing was raised")

    return run
