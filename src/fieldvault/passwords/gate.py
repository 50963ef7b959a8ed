"""How many hashes run at once, and how much memory they take together.

Rules of this file:

1. A hash takes its share before it allocates and gives it back whatever happens.
2. Whoever came first goes first, so that a large hash is not starved by small ones.
3. A forked child starts with an empty gate: the hashes under way are its parent's, and so is the lock.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from fieldvault.errors import TooManyHashes
from fieldvault.passwords.limits import HashingLimits


class HashingGate:
    """Shared by the threads of one process. `in_use` and `memory_in_use_kib` are for metrics."""

    def __init__(self, limits: HashingLimits) -> None:
        self._limits = limits
        self._state = _State()

    @property
    def in_use(self) -> int:
        """Hashes under way."""
        return self._of_this_process().hashes

    @property
    def memory_in_use_kib(self) -> int:
        """Memory of the hashes under way, in KiB."""
        return self._of_this_process().memory_kib

    @contextmanager
    def admit(self, memory_kib: int) -> Iterator[None]:
        """Wait for one place and this much memory. Raises `TooManyHashes` after `wait_seconds`.

        The caller has checked that `memory_kib` is within the limits by itself.
        """
        state = self._of_this_process()
        self._enter(state, memory_kib)
        try:
            yield
        finally:
            with state.changed:
                state.hashes -= 1
                state.memory_kib -= memory_kib
                state.changed.notify_all()

    def _enter(self, state: _State, memory_kib: int) -> None:
        ticket = object()
        deadline = time.monotonic() + self._limits.wait_seconds
        with state.changed:
            state.queue.append(ticket)
            try:
                while state.queue[0] is not ticket or not self._fits(state, memory_kib):
                    if not state.changed.wait(max(0.0, deadline - time.monotonic())) and (
                        time.monotonic() >= deadline
                    ):
                        raise TooManyHashes(
                            f"{state.hashes} hashes of {state.memory_kib} KiB are under way and none ended in time",
                            hint="try again; HashingLimits sets how many may run at once",
                        )
                state.hashes += 1
                state.memory_kib += memory_kib
            finally:
                state.queue.remove(ticket)
                state.changed.notify_all()

    def _fits(self, state: _State, memory_kib: int) -> bool:
        return state.hashes < self._limits.concurrent and state.memory_kib + memory_kib <= self._limits.memory_kib

    def _of_this_process(self) -> _State:
        state = self._state
        if state.pid != os.getpid():
            # Two threads of the child may both get here; the one that sees the first's state keeps it.
            with _adopting:
                if self._state.pid != os.getpid():
                    self._state = _State()
                state = self._state
        return state


class _State:
    def __init__(self) -> None:
        self.pid = os.getpid()
        self.changed = threading.Condition()
        self.queue: deque[object] = deque()
        self.hashes = 0
        self.memory_kib = 0


_adopting = threading.Lock()


def _new_lock() -> None:
    global _adopting
    _adopting = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)
