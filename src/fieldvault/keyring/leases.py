"""Leases of uses: how 2^32 is kept over all processes and restarts (spec keyring-v1 §8).

What a process has leased and not used when it ends is lost, never reused. The count in the key store is therefore
an upper bound of the encryptions done.
"""

from __future__ import annotations

import threading

from fieldvault.keyring.policy import KeyringPolicy
from fieldvault.ports import KeyStore


class Leases:
    """What this process may still encrypt under each key."""

    def __init__(self, store: KeyStore, policy: KeyringPolicy) -> None:
        self._store = store
        self._policy = policy
        self._lock = threading.Lock()
        self._left: dict[bytes, int] = {}
        self._worn: set[bytes] = set()

    def take(self, key_id: bytes, uses: int) -> bool:
        """Spend `uses` encryptions, leasing more if need be. False: the key's limit does not allow it.

        Raises `KeyStoreConflict` when a lease is needed and the key is no longer its scope's primary.
        """
        with self._lock:
            left = self._left.get(key_id, 0)
            if left < uses:
                leased = self._lease(key_id, uses - left)
                if leased is None:
                    return False
                left += leased
            self._left[key_id] = left - uses
            return True

    def worn(self, key_id: bytes) -> bool:
        """Has the key passed the soft limit, as far as this process has seen?"""
        return key_id in self._worn

    def _lease(self, key_id: bytes, needed: int) -> int | None:
        for uses in (max(needed, self._policy.lease), needed):
            total = self._store.lease_uses(key_id, uses, limit=self._policy.refuse_at)
            if total is not None:
                if total >= self._policy.rotate_at:
                    self._worn.add(key_id)
                return uses
        self._worn.add(key_id)
        return None

    def after_fork_in_child(self) -> None:
        self._lock = threading.Lock()
        self._left = {}
