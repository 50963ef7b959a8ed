"""The cache of unwrapped keys: bounded in time, in uses and in number.

Rules of this file:

1. Time is monotonic, so a wall clock that is set back keeps nothing alive.
2. A key's life starts when its KEK was asked for it, and nothing prolongs it: not a use, and not that it was
   unwrapped under another key that is warm.
3. Keyed by names (scope with key id or subject), never by wrapped bytes: those are malleable.
4. What was fetched before a key was dropped does not come back after it: `put` needs a ticket from before.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import NewType

from fieldvault.keyring.data_key import DataKey
from fieldvault.ports import Clock

Ticket = NewType("Ticket", int)


@dataclass(slots=True)
class _Entry:
    key: DataKey
    uses_left: int


class KeyCache:
    """Unwrapped keys by name: at most `keys` of them, each for `seconds` and `uses`.

    Thread-safe; a forked child keeps the keys and gets a new lock.
    """

    def __init__(self, clock: Clock, *, seconds: float, uses: int, keys: int) -> None:
        self._clock = clock
        self._seconds = seconds
        self._uses = uses
        self._keys = keys
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._dropped = Ticket(0)

    def take(self, name: Hashable, uses: int = 1) -> DataKey | None:
        """The key, charged with `uses`; None when it is not there, too old, or used up."""
        with self._lock:
            entry = self._entries.get(name)
            if entry is None:
                return None
            entry.uses_left -= uses
            if self._clock.monotonic() >= entry.key.fetched_at + self._seconds or entry.uses_left < 0:
                del self._entries[name]
                return None
            self._entries.move_to_end(name)
            return entry.key

    def ticket(self) -> Ticket:
        """To be taken before the key store is read."""
        return self._dropped

    def put(self, name: Hashable, key: DataKey, ticket: Ticket) -> None:
        """Keep `key`, unless something was dropped since `ticket`: then it may be what is gone by now."""
        with self._lock:
            if ticket != self._dropped:
                return
            self._entries[name] = _Entry(key, self._uses)
            self._entries.move_to_end(name)
            while len(self._entries) > self._keys:
                self._entries.popitem(last=False)

    def drop(self, names: Collection[Hashable]) -> None:
        """Forget these, and whatever is being fetched at this moment."""
        with self._lock:
            self._dropped = Ticket(self._dropped + 1)
            for name in names:
                self._entries.pop(name, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._dropped = Ticket(self._dropped + 1)
            self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def after_fork_in_child(self) -> None:
        self._lock = threading.Lock()
