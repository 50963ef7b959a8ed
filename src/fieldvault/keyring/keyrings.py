"""Keyrings: every scope's keyring over one KEK and one key store."""

from __future__ import annotations

import threading

from fieldvault.core.context import Scope
from fieldvault.keyring.cache import KeyCache
from fieldvault.keyring.clock import SystemClock
from fieldvault.keyring.data_key import INDEX_PURPOSE, SUBJECTS_PURPOSE
from fieldvault.keyring.forks import notify_after_fork
from fieldvault.keyring.keyring import Keyring
from fieldvault.keyring.parts import KeyringParts
from fieldvault.keyring.policy import KeyringPolicy
from fieldvault.ports import Clock, KekProvider, KeyStore


class Keyrings:
    """One per process is enough: it is thread-safe, and its cache is shared by all tenants.

    `kek` wraps data keys, `store` keeps them wrapped. `policy` bounds caching and use. `clock` is for tests.
    """

    def __init__(
        self,
        kek: KekProvider,
        store: KeyStore,
        *,
        policy: KeyringPolicy | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.kek = kek
        self.store = store
        policy = policy or KeyringPolicy()
        clock = clock or SystemClock()
        self.policy = policy
        self.clock = clock
        self._parts = KeyringParts(
            kek,
            store,
            policy,
            clock,
            data_keys=_cache(clock, policy, policy.cache_keys),
            subject_keys=_cache(clock, policy, 2 * policy.cache_subjects),
        )
        self._lock = threading.Lock()
        self._keyrings: dict[Scope, Keyring] = {}
        notify_after_fork(self)

    def keyring(self, scope: Scope) -> Keyring:
        """The keyring of a scope: the same object each time. Asks nobody until a key is needed."""
        with self._lock:
            keyring = self._keyrings.get(scope)
            if keyring is None:
                wrapping = None
                if scope.purpose not in (SUBJECTS_PURPOSE, INDEX_PURPOSE):
                    subjects = Scope(scope.tenant, SUBJECTS_PURPOSE)
                    wrapping = self._keyrings.setdefault(subjects, Keyring(subjects, self._parts, None))
                keyring = self._keyrings[scope] = Keyring(scope, self._parts, wrapping)
            return keyring

    def after_fork_in_child(self) -> None:
        """New locks: a thread of the parent may have held the old ones."""
        self._lock = threading.Lock()
        self._parts.data_keys.after_fork_in_child()
        self._parts.subject_keys.after_fork_in_child()

    def __repr__(self) -> str:
        return f"<Keyrings under {self.kek.name}>"


def _cache(clock: Clock, policy: KeyringPolicy, keys: int) -> KeyCache:
    return KeyCache(clock, seconds=policy.cache_seconds, uses=policy.cache_uses, keys=keys)
