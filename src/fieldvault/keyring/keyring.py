"""Keyring: the data keys of one scope, one of them primary.

Rules of this file:

1. The wrapped key is in the key store before the key seals anything.
2. Sealing takes the primary and spends a lease; opening takes whatever key the envelope names.
3. Of several who create or rotate at once, the key store lets one win; the others reload and use the winner's.
4. Cold keys cost one call to the KEK, warm ones none; many threads that need the same one wait for one fetch.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection

from fieldvault.attempts import attempt
from fieldvault.core.context import Scope
from fieldvault.core.derive import KEY_BYTES, derive_key_id
from fieldvault.core.index import MAX_VERSION
from fieldvault.errors import (
    FieldvaultError,
    IndexStepRefused,
    KekError,
    KeyExhausted,
    KeyNotFound,
    KeyStoreConflict,
    KeyStoreError,
    OpenError,
    SchemaError,
)
from fieldvault.keyring.ahead import UsesAhead, uses_ahead
from fieldvault.keyring.data_key import INDEX_PURPOSE, DataKey, admit
from fieldvault.keyring.fetch import Fetched, KeyFetcher
from fieldvault.keyring.forks import notify_after_fork
from fieldvault.keyring.index_keys import IndexKeys, IndexStates
from fieldvault.keyring.leases import Leases
from fieldvault.keyring.parts import KeyringParts
from fieldvault.keyring.single_flight import SingleFlight
from fieldvault.keyring.subjects import Keys, SubjectKeys
from fieldvault.ports import DataKeyRecord, KeyState

_log = logging.getLogger("fieldvault.keyring")
_RACES = 8
"""How often somebody else may be first before we give up: each round, somebody made progress."""


class Keyring:
    """The data keys of `scope`. Made by `Keyrings.keyring`; thread-safe; a forked child may go on using it.

    `wrapping` is the keyring whose data keys wrap this scope's subject keys, where it may have any.
    """

    def __init__(self, scope: Scope, parts: KeyringParts, wrapping: Keyring | None) -> None:
        self.scope = scope
        self._kek = parts.kek
        self._store = parts.store
        self._policy = parts.policy
        self._clock = parts.clock
        self._cache = parts.data_keys
        self._leases = Leases(parts.store, parts.policy)
        self._fetcher = KeyFetcher(parts.kek, parts.store, parts.data_keys, parts.clock)
        self._subjects = None if wrapping is None else SubjectKeys(scope, parts, wrapping)
        self._subject_cache = parts.subject_keys
        self._index = IndexStates(self, parts) if scope.purpose == INDEX_PURPOSE else None
        self._fetches: SingleFlight[Fetched] = SingleFlight()
        self._primaries: SingleFlight[DataKey] = SingleFlight()
        self._rotate_not_before = float("-inf")
        # Which key is primary, and until when (monotonic) that is believed. The key itself is in the cache.
        self._primary: tuple[bytes | None, float] = (None, 0.0)
        self._changes = 0
        self._ahead: UsesAhead | None = None
        notify_after_fork(self)

    # --- sealing -----------------------------------------------------------------------------

    def primary(self, *, uses: int) -> DataKey:
        """The key to seal with, with a lease for `uses` encryptions spent; it is created when there is none.

        Past `rotate_at` a new primary is made on the way. Raises `KeyExhausted` when the limit is reached and no
        new key can be made, `KekError`, `KeyStoreError`, or the `OpenError` of a primary that is damaged.
        """
        if uses > self._policy.refuse_at:
            raise KeyExhausted(f"a batch of {uses} is more than one key may seal", hint="seal it in parts")
        for _ in range(_RACES):
            key = self._current_primary(uses)
            try:
                granted = uses == 0 or self._leases.take(key.key_id, uses)
            except KeyStoreConflict:
                self._forget_primary()
                continue
            if not granted:
                self._rotate(key.key_id)
                continue
            if self._leases.worn(key.key_id):
                self._rotate_worn(key.key_id)
            return key
        raise KeyStoreConflict(f"the primary key of {self.scope} kept changing", hint="try again")

    def primary_for_one(self) -> DataKey:
        """`primary(uses=1)`, for values that are sealed one by one: a few uses are taken ahead of them.

        What is taken and not used is lost, as the rest of a lease is when a process ends.
        """
        ahead = self._ahead
        if (
            ahead is not None
            and ahead.changes == self._changes
            and ahead.ticket == self._cache.ticket()
            and self._clock.monotonic() < ahead.until
            and next(ahead.uses, None) is not None
        ):
            return ahead.key
        return self._take_ahead()

    def subject_keys(self, subjects: Collection[str]) -> Keys:
        """The key of each subject, created in bulk where there is none; the `OpenError` where one is damaged.

        Raises as `primary` does, and `SchemaError` for a subject that is no name or a scope without subjects.
        """
        keys = attempt(self._subject_keys().of, subjects)
        del subjects
        return keys.or_raise()

    # --- opening -----------------------------------------------------------------------------

    def keys(self, key_ids: Collection[bytes], *, uses: int = 1) -> Fetched:
        """A handle, or the refusal, for each key id of this scope. `uses` charges the cache.

        Raises `KekError` or `KeyStoreError` where the KEK or the key store as a whole cannot be used.
        """
        wanted = set(key_ids)
        found: Fetched = {}
        for key_id in wanted:
            name = (self.scope, key_id)
            key = self._cache.take(name, uses) or self._subject_cache.take(name)
            if key is not None:
                found[key_id] = key
        while cold := wanted - found.keys():
            fetched = self._fetches.do("keys", lambda cold=cold: self._fetch(cold)) or {}  # type: ignore[misc]
            found |= {key_id: key for key_id, key in fetched.items() if key_id in cold}
        return found

    def usable_keys(self) -> list[DataKey]:
        """Every key of the scope that is not destroyed, newest first. Raises the `OpenError` of a damaged one.

        The list is read from the key store each time, while the keys themselves are cached. What a blind index asks
        for is `index_keys_to_ask`.
        """
        records = self._store.data_keys(self.scope)
        key_ids = [record.key_id for record in reversed(records) if record.state is not KeyState.DESTROYED]
        keys = self.keys(key_ids)
        for key in keys.values():
            if isinstance(key, OpenError):
                raise key
        return [key for key_id in key_ids if isinstance(key := keys[key_id], DataKey)]

    # --- searching ---------------------------------------------------------------------------

    def index_keys_to_ask(self) -> IndexKeys | None:
        """What a look-up asks for; None where this scope has no key yet. Warm, the key store is not asked.

        Raises as `keys` does, the `OpenError` of a damaged key, and `SchemaError` for a scope of another purpose.
        """
        return self._index_states().to_ask()

    def index_keys_to_write(self) -> IndexKeys:
        """What index values are written under; the scope's first key is created where there is none.

        Raises as `primary` does, and `SchemaError` for a scope of another purpose.
        """
        return self._index_states().to_write()

    def forget_index_state(self) -> None:
        """Read the state of the index keys again before it is used next."""
        self._index_states().forget()

    # --- changing keys -----------------------------------------------------------------------

    def rotate(self) -> DataKey:
        """Make a new primary; the old one becomes decrypt-only. If somebody else just did, theirs is used.

        Raises `IndexStepRefused` for index keys, which go from one to the next in phases.
        """
        if self._index is not None:
            raise IndexStepRefused(
                f"{self.scope} cannot be rotated at once: rows would be missed, and duplicates let in",
                hint="rotate it in phases: fieldvault index start, or fieldvault.rotation.IndexRotation",
            )
        return self._rotate_active()

    def first_primary(self) -> DataKey:
        """The primary as the key store has it now; made where there is none."""
        self._forget_primary()
        return self.primary(uses=0)

    def add_index_key(self) -> DataKey:
        """Make the key that a rotation goes to. Only for `fieldvault.rotation`, which has stored a state before:
        without one, others would write under this key at once."""
        self._index_states().forget()
        return self._rotate_active()

    def _rotate_active(self) -> DataKey:
        records = self._store.data_keys(self.scope)
        active = next((record.key_id for record in records if record.state is KeyState.ACTIVE), None)
        return self._rotate(active)

    def destroy(self, key_id: bytes) -> None:
        """Destroy a data key and all that it sealed or wraps: in this process now, elsewhere within the cache's
        time. Cannot be undone. Raises `KeyStoreConflict` when the scope has no such key."""
        if key_id not in {record.key_id for record in self._store.data_keys(self.scope)}:
            raise KeyStoreConflict(f"no data key {key_id.hex()} in {self.scope}")
        self._store.destroy_data_key(key_id)
        self._cache.clear()
        self._subject_cache.clear()
        self._forget_primary()
        if self._index is not None:
            self._index.forget()

    def shred_subjects(self, subjects: Collection[str]) -> list[bytes]:
        """Delete the keys of these subjects: what they sealed is gone, in every backup of the data too.

        Returns the key ids that were shredded. Cannot be undone. Other processes that hold such a key warm can use
        it until their cache's time is over.
        """
        key_ids = attempt(self._subject_keys().shred, subjects)
        del subjects
        return key_ids.or_raise()

    # --- inside ------------------------------------------------------------------------------

    def _index_states(self) -> IndexStates:
        if self._index is None:
            raise SchemaError(f"{self.scope} has no index keys", hint="they belong to the purpose 'index'")
        return self._index

    def _subject_keys(self) -> SubjectKeys:
        if self._subjects is None:
            raise SchemaError(f"{self.scope} has no subject keys", hint="they belong to the purpose 'fields'")
        return self._subjects

    def _fetch(self, key_ids: Collection[bytes]) -> Fetched:
        fetched = self._fetcher.fetch(self.scope, key_ids)
        others = [key_id for key_id in key_ids if key_id not in fetched]
        if others and self._subjects is not None:
            return fetched | self._subjects.by_id(others)
        return fetched | {key_id: KeyNotFound(key_id) for key_id in others}

    def _current_primary(self, uses: int) -> DataKey:
        while True:
            key_id, valid_until = self._primary
            warm = key_id is not None and self._clock.monotonic() < valid_until
            key = self._cache.take((self.scope, key_id), uses) if warm else None
            key = key or self._primaries.do("primary", self._load)
            if key is not None:
                return key

    def _take_ahead(self) -> DataKey:
        changes, ticket, count = self._changes, self._cache.ticket(), uses_ahead(self._policy)
        key = self.primary(uses=count)
        until = min(self._primary[1], key.fetched_at + self._policy.cache_seconds)
        self._ahead = UsesAhead(key, iter(range(count - 1)), changes, ticket, until)
        return key

    def _load(self) -> DataKey:
        for _ in range(_RACES):
            changes, ticket, read_at = self._changes, self._cache.ticket(), self._clock.monotonic()
            records = self._store.data_keys(self.scope)
            active = next((record for record in records if record.state is KeyState.ACTIVE), None)
            if active is None:
                try:
                    return self._add_primary(records, replaces=None)
                except KeyStoreConflict:
                    continue  # somebody was first: create if absent, then reload
            key = self._fetcher.unwrap([active], ticket)[active.key_id]
            if isinstance(key, OpenError):
                raise key
            if changes != self._changes:
                continue  # what was read is older than a change that this process has made since
            self._primary = (key.key_id, read_at + self._policy.cache_seconds)
            return key
        raise KeyStoreConflict(f"the primary key of {self.scope} kept changing", hint="try again")

    def _rotate(self, replaces: bytes | None) -> DataKey:
        try:
            return self._add_primary(self._store.data_keys(self.scope), replaces=replaces)
        except KeyStoreConflict:
            self._forget_primary()
            return self._current_primary(0)

    def _forget_primary(self) -> None:
        self._changes += 1
        self._primary = (None, 0.0)

    def _rotate_worn(self, key_id: bytes) -> None:
        # The key still has uses left, so an outage here stops nobody; but it must not cost every batch its retries.
        if self._clock.monotonic() < self._rotate_not_before:
            return
        self._rotate_not_before = self._clock.monotonic() + max(1.0, self._policy.cache_seconds)
        try:
            self._rotate(key_id)
        except (KekError, KeyStoreError) as error:
            _log.warning("key %s is worn, a new primary could not be made yet: %s", key_id.hex(), error)
        else:
            self._rotate_not_before = float("-inf")

    def _add_primary(self, records: list[DataKeyRecord], *, replaces: bytes | None) -> DataKey:
        version = max((record.version for record in records), default=0) + 1
        if self.scope.purpose == INDEX_PURPOSE and version > MAX_VERSION:
            raise KeyExhausted(f"{self.scope} has had {MAX_VERSION} index keys, the most that index-v1 can number")
        result = self._make(version, replaces)
        if isinstance(result, FieldvaultError):
            raise result
        return result

    def _make(self, version: int, replaces: bytes | None) -> DataKey | FieldvaultError:
        # Returns errors instead of raising them: this frame and those below hold the key.
        raw = os.urandom(KEY_BYTES)
        key_id = derive_key_id(raw, self.scope)
        ticket, fetched_at = self._cache.ticket(), self._clock.monotonic()
        try:
            [wrapped] = self._kek.wrap([raw])
            record = DataKeyRecord(
                key_id, self.scope, version, KeyState.ACTIVE, self._kek.name, wrapped, self._clock.now()
            )
            self._store.add_primary(record, replaces=replaces)
        except (KekError, KeyStoreError) as error:
            return error.detached()
        key = admit(raw, key_id, self.scope, version=version, fetched_at=fetched_at)
        if isinstance(key, DataKey):
            self._cache.put((self.scope, key_id), key, ticket)
            self._changes += 1
            self._primary = (key_id, fetched_at + self._policy.cache_seconds)
        return key

    def after_fork_in_child(self) -> None:
        """Leases and fetches under way are the parent's; keys may stay (docs/architecture.md, Forks)."""
        self._ahead = None  # the parent's: used by both, the count of encryptions would be too low
        self._leases.after_fork_in_child()
        self._fetches.after_fork_in_child()
        self._primaries.after_fork_in_child()
        if self._subjects is not None:
            self._subjects.after_fork_in_child()
        if self._index is not None:
            self._index.after_fork_in_child()

    def __repr__(self) -> str:
        return f"<Keyring {self.scope}>"
