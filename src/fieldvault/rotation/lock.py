"""A lock in the key store: of several runs of the same work, one acts and the others end.

Rules of this file:

1. The lock saves work; it is not what keeps data safe. Every change is a compare-and-swap, so two runs that both
   believe in their lock (a clock that is minutes off, a process that slept) only do things twice.
2. It ends by itself: a run that was killed is followed by another after `seconds`, without anybody's help.
3. Who holds it is said in words for people: host, process, and something random.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from fieldvault.errors import KeyStoreError, RotationLockLost, RotationUnderWay
from fieldvault.ports import Clock, KeyStore

DEFAULT_SECONDS = 60.0


class RotationLock:
    """One hold of the lock `name`. Made by `locked`."""

    def __init__(self, store: KeyStore, clock: Clock, name: str, seconds: float) -> None:
        self._store = store
        self._clock = clock
        self.name = name
        self.owner = f"{socket.gethostname()[:100]} process {os.getpid()} {secrets.token_hex(4)}"
        self._seconds = seconds
        self._good_until = float("-inf")

    def keep(self) -> None:
        """To be called before each batch: prolongs the hold once half of it is over. Raises `RotationLockLost`."""
        if self._clock.monotonic() < self._good_until - self._seconds / 2:
            return
        if not self._taken():
            raise RotationLockLost(
                f"the lock {self.name} was taken over by another run", hint="what was done stays; look at that run"
            )

    def _taken(self) -> bool:
        before, now = self._clock.monotonic(), self._clock.now()
        held = self._store.take_lock(self.name, self.owner, at=now, until=now + timedelta(seconds=self._seconds))
        if held.owner != self.owner:
            self._refusal = RotationUnderWay(held.owner, held.until)
            return False
        self._good_until = before + self._seconds
        return True

    def take(self) -> None:
        """Raises `RotationUnderWay` where somebody else holds it."""
        if not self._taken():
            raise self._refusal

    def release(self) -> None:
        """Give it up; where the key store is away, it ends by itself."""
        with suppress(KeyStoreError):
            self._store.release_lock(self.name, self.owner)


@contextmanager
def locked(store: KeyStore, clock: Clock, name: str, *, seconds: float = DEFAULT_SECONDS) -> Iterator[RotationLock]:
    """Hold the lock `name` for the length of the block, call `keep` in it. Raises `RotationUnderWay`."""
    lock = RotationLock(store, clock, name, seconds)
    lock.take()
    try:
        yield lock
    finally:
        lock.release()
