"""From key ids to handles: read the key store, unwrap what is cold in one call to the KEK, check commitments.

Failures are returned key by key, so one destroyed or damaged key does not hide the others. What concerns the KEK
or the key store as a whole is raised.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fieldvault.core.context import Scope
from fieldvault.errors import KekError, KeyDestroyed, KeyWrapRefused, OpenError
from fieldvault.keyring.cache import KeyCache, Ticket
from fieldvault.keyring.data_key import DataKey, admit
from fieldvault.ports import Clock, DataKeyRecord, KekDirectory, KekProvider, KeyState, KeyStore

Fetched = dict[bytes, DataKey | OpenError]
Cold = Sequence[tuple[DataKeyRecord, bytes]]


class KeyFetcher:
    """Fetches data keys of any scope and leaves the good ones in the cache."""

    def __init__(self, kek: KekProvider, store: KeyStore, cache: KeyCache, clock: Clock) -> None:
        self._kek = kek
        self._store = store
        self._cache = cache
        self._clock = clock

    def fetch(self, scope: Scope, key_ids: Collection[bytes]) -> Fetched:
        """Handles or refusals for those of `key_ids` that are data keys of the scope. Raises `KekError`."""
        ticket = self._cache.ticket()
        records = [record for record in self._store.data_keys(scope) if record.key_id in key_ids]
        return self.unwrap(records, ticket)

    def unwrap(self, records: Sequence[DataKeyRecord], ticket: Ticket) -> Fetched:
        """Unwrap data keys: those that are cold in one call to each KEK. Raises `KekError`."""
        fetched: Fetched = {}
        cold: dict[str, list[tuple[DataKeyRecord, bytes]]] = {}
        for record in records:
            warm = self._cache.take((record.scope, record.key_id), 0)
            if record.state is KeyState.DESTROYED or record.wrapped is None:
                fetched[record.key_id] = KeyDestroyed(
                    record.key_id, message=f"key {record.key_id.hex()} was destroyed", hint="its data is gone"
                )
            elif warm is not None:
                fetched[record.key_id] = warm
            elif self._named(record.kek) is None:
                fetched[record.key_id] = KeyWrapRefused(
                    f"key {record.key_id.hex()} is wrapped by {record.kek}, this process uses {self._kek.name}",
                    hint="configure the KEK that wrapped it",
                )
            else:
                cold.setdefault(record.kek, []).append((record, record.wrapped))
        for name, keys in cold.items():
            result = self._unwrap_cold(self._named(name) or self._kek, keys, ticket)
            if isinstance(result, KekError):
                raise result
            fetched |= result
        return fetched

    def _named(self, name: str) -> KekProvider | None:
        """The KEK that wrapped a key; another one than ours only while keys are moved."""
        if name == self._kek.name:
            return self._kek
        return self._kek.named(name) if isinstance(self._kek, KekDirectory) else None

    def _unwrap_cold(self, kek: KekProvider, cold: Cold, ticket: Ticket) -> Fetched | KekError:
        # Returns the KEK's error instead of raising it: this frame and those below hold keys.
        fetched_at = self._clock.monotonic()
        try:
            raws = kek.unwrap([wrapped for _, wrapped in cold])
        except KekError as error:
            return error.detached()
        fetched: Fetched = {}
        for (record, _), raw in zip(cold, raws, strict=True):
            key = (
                raw.detached()
                if isinstance(raw, KeyWrapRefused)
                else admit(raw, record.key_id, record.scope, version=record.version, fetched_at=fetched_at)
            )
            if isinstance(key, DataKey):
                self._cache.put((record.scope, record.key_id), key, ticket)
            fetched[record.key_id] = key
        return fetched
