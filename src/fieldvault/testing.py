"""Test doubles for your tests and ours: a KEK in memory, a clock that stands still, keyrings over both.

Rules of this file:

1. Nothing here protects data: the KEK is a random key in this process, gone with it.
2. The doubles keep the rules of `fieldvault.ports`, so what passes with them is not refused by a real KEK.
3. Nothing waits for real time, unless a test asks `FakeKek` to be slow.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fieldvault.core.derive import KEY_BYTES
from fieldvault.core.envelope import NONCE_BYTES, TAG_BYTES
from fieldvault.errors import KekError, KeyWrapRefused
from fieldvault.keyring import KeyringPolicy, Keyrings
from fieldvault.keyring.forks import notify_after_fork
from fieldvault.keystore import MemoryKeyStore
from fieldvault.ports import Clock, KekProvider, KeyStore

_ID_BYTES = 8
_WRAPPED_BYTES = 1 + _ID_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES


class FakeKek:
    """A `KekProvider` with a random key in memory. Counts its calls, and fails or is slow when told to.

    Two of them are two KEKs: neither unwraps what the other wrapped. Thread-safe; a forked child has a copy, whose
    calls the parent does not count.
    """

    def __init__(self) -> None:
        self._cipher = AESGCM(os.urandom(KEY_BYTES))
        self._header = b"\x01" + os.urandom(_ID_BYTES)
        self._lock = threading.Lock()
        self._failure: KekError | None = None
        self.before_call: Callable[[], None] | None = None
        """Called at the start of each `wrap` and `unwrap`, in the calling thread."""
        self.wrap_calls = 0
        """How often `wrap` was called, however many keys it was given."""
        self.unwrap_calls = 0
        """How often `unwrap` was called, however many keys it was given."""
        notify_after_fork(self)

    @property
    def name(self) -> str:
        """`fake:` and an id; another one for each `FakeKek`."""
        return f"fake:{self._header[1:].hex()}"

    def fail_with(self, error: KekError | None) -> None:
        """From now on `wrap` and `unwrap` raise a copy of `error`; None ends that."""
        self._failure = error

    def slow(self, seconds: float) -> None:
        """From now on `wrap` and `unwrap` take this long; 0 ends that."""
        self.before_call = None if seconds == 0 else lambda: time.sleep(seconds)

    def wrap(self, keys: Sequence[bytes]) -> list[bytes]:
        """See `KekProvider.wrap`."""
        with self._lock:
            self.wrap_calls += 1
        if any(len(key) != KEY_BYTES for key in keys):
            del keys  # an error that is raised from here keeps this frame
            raise KekError(f"a KEK wraps keys of {KEY_BYTES} bytes only")
        error = self._outcome()
        if error is not None:
            del keys
            raise error
        return [self._wrap_one(key) for key in keys]

    def unwrap(self, wrapped: Sequence[bytes]) -> list[bytes | KeyWrapRefused]:
        """See `KekProvider.unwrap`."""
        with self._lock:
            self.unwrap_calls += 1
        error = self._outcome()
        if error is not None:
            raise error
        return [self._unwrap_one(one) for one in wrapped]

    def version_of(self, wrapped: bytes) -> int:
        """See `KekProvider.version_of`. Always 1: a fake is never rotated."""
        if not self._is_ours(wrapped):
            raise _refused()
        return 1

    def after_fork_in_child(self) -> None:
        """A new lock: a thread of the parent may have held the old one."""
        self._lock = threading.Lock()

    def _outcome(self) -> KekError | None:
        if self.before_call is not None:
            self.before_call()
        return None if self._failure is None else _copy_of(self._failure)

    def _wrap_one(self, key: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return self._header + nonce + self._cipher.encrypt(nonce, key, self._header)

    def _unwrap_one(self, wrapped: bytes) -> bytes | KeyWrapRefused:
        if not self._is_ours(wrapped):
            return _refused()
        at = len(self._header)
        try:
            return self._cipher.decrypt(wrapped[at : at + NONCE_BYTES], wrapped[at + NONCE_BYTES :], self._header)
        except InvalidTag:
            pass
        return _refused()

    def _is_ours(self, wrapped: bytes) -> bool:
        return len(wrapped) == _WRAPPED_BYTES and wrapped.startswith(self._header)

    def __repr__(self) -> str:
        return f"<FakeKek {self.name}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a KEK cannot be pickled or copied")


class FakeClock:
    """A `Clock` that moves only by hand. It starts on 2026-01-01 at noon UTC."""

    def __init__(self) -> None:
        self._monotonic = 1_000.0
        self._now = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return self._monotonic

    def now(self) -> datetime:
        """See `Clock.now`."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass, on both clocks. Raises `ValueError` for a negative time, which does not pass."""
        if seconds < 0:
            raise ValueError("time does not go back; set_wall_clock_back sets the wall clock")
        self._monotonic += seconds
        self._now += timedelta(seconds=seconds)

    def set_wall_clock_back(self, *, years: int) -> None:
        """Set the wall clock back by years of 365 days. The monotonic one, as on a real machine, stays."""
        self._now -= timedelta(days=365 * years)


def memory_keyrings(
    *,
    policy: KeyringPolicy | None = None,
    clock: Clock | None = None,
    kek: KekProvider | None = None,
    store: KeyStore | None = None,
) -> Keyrings:
    """Keyrings of their own for a test: a `FakeKek` over a `MemoryKeyStore`, unless others are given."""
    return Keyrings(kek or FakeKek(), store or MemoryKeyStore(), policy=policy, clock=clock)


def _refused() -> KeyWrapRefused:
    return KeyWrapRefused("the KEK does not authenticate the wrapped key")


def _copy_of(error: KekError) -> KekError:
    # Raised in many threads, one object would collect the frames of all of them.
    copy = type(error).__new__(type(error))
    copy.__dict__.update(vars(error))
    copy.args = error.args
    return copy
