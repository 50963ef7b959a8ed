"""Subject keys: one per data subject, made in bulk, shredded one by one (spec keyring-v1 §6).

No call to the KEK for each: they are wrapped by a data key of the tenant's purpose `subjects`. Deleting a
subject's row makes what it sealed unreadable in every copy and backup of the data.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from fieldvault.core.context import Scope, encode_name
from fieldvault.core.derive import KEY_BYTES, derive_key_id, subject_key_aad
from fieldvault.core.envelope import OVERHEAD_BYTES, VERSION_1, parse
from fieldvault.errors import KeyDestroyed, KeyNotFound, KeyStoreError, KeyWrapRefused, OpenError
from fieldvault.keyring.cache import Ticket
from fieldvault.keyring.data_key import DataKey, admit
from fieldvault.keyring.fetch import Fetched
from fieldvault.keyring.parts import KeyringParts
from fieldvault.keyring.single_flight import SingleFlight
from fieldvault.ports import SubjectKeyRecord

if TYPE_CHECKING:
    from fieldvault.keyring.keyring import Keyring

Keys = dict[str, DataKey | OpenError]

WRAPPED_BYTES = OVERHEAD_BYTES + KEY_BYTES


class SubjectKeys:
    """The subject keys of one scope, wrapped under `wrapping`'s data keys. `Keyring` is its only caller."""

    def __init__(self, scope: Scope, parts: KeyringParts, wrapping: Keyring) -> None:
        self._scope = scope
        self._store = parts.store
        self._cache = parts.subject_keys
        self._clock = parts.clock
        self._wrapping = wrapping
        self._flight: SingleFlight[Keys] = SingleFlight()

    def of(self, subjects: Collection[str]) -> Keys:
        """The key of each subject, created where there is none; the refusal where it is damaged."""
        for subject in subjects:
            encode_name(subject, "subject")
        wanted = set(subjects)
        taken = {subject: self._cache.take((self._scope, subject)) for subject in wanted}
        keys: Keys = {subject: key for subject, key in taken.items() if key is not None}
        while cold := wanted - keys.keys():
            fetched = self._flight.do("subjects", lambda cold=cold: self._load_or_create(cold)) or {}  # type: ignore[misc]
            keys |= {subject: key for subject, key in fetched.items() if subject in cold}
        return keys

    def by_id(self, key_ids: Collection[bytes]) -> Fetched:
        """Handles or refusals for all of `key_ids`. A shredded key stays so, even if its row is back."""
        ticket = self._cache.ticket()
        rows = self._store.subject_keys_by_id(self._scope, key_ids)
        shredded = self._store.shredded(key_ids)
        fetched = self._unwrap((row for row in rows.values() if row.key_id not in shredded), ticket)
        for key_id in key_ids:
            if key_id in shredded:
                fetched[key_id] = KeyDestroyed(
                    key_id,
                    message=f"key {key_id.hex()} was shredded on {shredded[key_id]:%Y-%m-%d}",
                    hint="the subject was erased; what the key sealed is gone",
                )
            elif key_id not in rows:
                fetched[key_id] = KeyNotFound(key_id)
        return fetched

    def shred(self, subjects: Collection[str]) -> list[bytes]:
        """Delete these subjects' keys from the store and from this process. Returns the key ids."""
        key_ids = self._store.shred_subjects(self._scope, subjects, at=self._clock.now())
        names = [(self._scope, subject) for subject in subjects]
        self._cache.drop([*names, *((self._scope, key_id) for key_id in key_ids)])
        return key_ids

    def _load_or_create(self, subjects: Collection[str]) -> Keys:
        keys = self._load(subjects)
        absent = [subject for subject in subjects if subject not in keys]
        if absent:
            data_key = self._wrapping.primary(uses=len(absent))
            self._store.add_subject_keys([self._new(subject, data_key) for subject in absent])
            # Another process may have been first with some: then its key is the subject's, and ours is forgotten.
            keys |= self._load(absent)
        if len(keys) < len(subjects):
            raise KeyStoreError(
                "a subject's key was gone right after it was stored", hint="was the subject shredded just now?"
            )
        return keys

    def _load(self, subjects: Collection[str]) -> Keys:
        ticket = self._cache.ticket()
        rows = self._store.subject_keys(self._scope, subjects)
        shredded = self._store.shredded([row.key_id for row in rows.values()])
        fetched = self._unwrap((row for row in rows.values() if row.key_id not in shredded), ticket)
        for key_id in shredded:
            fetched[key_id] = KeyDestroyed(
                key_id,
                message="the subject's key was shredded, but its row is back in the key store",
                hint="a backup was restored: shred the subject again, then it can have a new key",
            )
        return {subject: fetched[row.key_id] for subject, row in rows.items()}

    def _unwrap(self, rows: Iterable[SubjectKeyRecord], ticket: Ticket) -> Fetched:
        fetched: Fetched = {}
        by_data_key: dict[bytes, list[SubjectKeyRecord]] = {}
        for row in rows:
            if len(row.wrapped) == WRAPPED_BYTES and row.wrapped[:1] == VERSION_1:
                by_data_key.setdefault(parse(row.wrapped).key_id, []).append(row)
            else:
                fetched[row.key_id] = KeyWrapRefused(f"the subject key {row.key_id.hex()} is malformed")
        data_keys = self._wrapping.keys(by_data_key)
        for data_key_id, wrapped_rows in by_data_key.items():
            data_key = data_keys[data_key_id]
            for row in wrapped_rows:
                key = data_key if isinstance(data_key, OpenError) else _unwrap(data_key, self._scope, row)
                if isinstance(key, DataKey):
                    self._cache.put((self._scope, row.key_id), key, ticket)
                    self._cache.put((self._scope, row.subject), key, ticket)
                fetched[row.key_id] = key
        return fetched

    def _new(self, subject: str, data_key: DataKey) -> SubjectKeyRecord:
        key = os.urandom(KEY_BYTES)
        key_id = derive_key_id(key, self._scope, subject)
        aad = subject_key_aad(data_key.aead.header, self._scope, subject)
        wrapped = data_key.aead.seal(key, aad)
        return SubjectKeyRecord(key_id, self._scope, subject, wrapped, self._clock.now())

    def after_fork_in_child(self) -> None:
        self._flight.after_fork_in_child()


def _unwrap(data_key: DataKey, scope: Scope, row: SubjectKeyRecord) -> DataKey | OpenError:
    aad = subject_key_aad(data_key.aead.header, scope, row.subject)
    try:
        raw = data_key.aead.open(row.wrapped, aad)
    except OpenError:
        return KeyWrapRefused(
            f"the subject key {row.key_id.hex()} does not authenticate under its data key",
            hint="the key store was altered",
        )
    # It lives no longer than the key that unwrapped it.
    return admit(raw, row.key_id, scope, subject=row.subject, fetched_at=data_key.fetched_at)
