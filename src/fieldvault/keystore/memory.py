"""A key store in memory, for our tests and for yours: same rules as the SQL one, gone with the process."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from fieldvault.core.context import Scope
from fieldvault.errors import KeyStoreConflict, KeyStoreNotReady
from fieldvault.keystore import checks
from fieldvault.keystore.checks import wrapping_key_id
from fieldvault.keystore.forks import on_fork_in_child
from fieldvault.ports import (
    AuditHead,
    DataKeyRecord,
    IndexStateRecord,
    KeyState,
    LockRecord,
    RewrappedKey,
    SubjectKeyRecord,
)


class MemoryKeyStore:
    """Keeps wrapped keys in dictionaries. Never for data that must be opened after the process ends.

    A forked child has an independent copy: what it adds, leases or shreds, the parent does not see. So two
    processes may lease the same uses of a key; where that matters, use `SqlKeyStore` with a SQLite file.

    It starts ready; `MemoryKeyStore(created=False)` behaves like a database before `create()`.
    """

    def __init__(self, *, created: bool = True) -> None:
        self._created = created
        self._data_keys: dict[bytes, DataKeyRecord] = {}
        self._index_states: dict[Scope, IndexStateRecord] = {}
        self._audit_heads: dict[str, AuditHead] = {}
        self._locks: dict[str, LockRecord] = {}
        self._subject_keys: dict[Scope, dict[str, SubjectKeyRecord]] = {}
        self._place_of: dict[bytes, tuple[Scope, str]] = {}
        self._shredded: dict[bytes, datetime] = {}
        self._lock = threading.Lock()
        # Another thread of the parent may hold the lock while the child is made, and is not there to release it.
        on_fork_in_child(self, _new_lock)

    def __repr__(self) -> str:
        return f"MemoryKeyStore(data_keys={len(self._data_keys)})"

    def create(self) -> None:
        """See `KeyStore.create`."""
        self._created = True

    def scopes(self) -> list[Scope]:
        """See `KeyStore.scopes`."""
        with self._lock:
            self._check_created()
            scopes = {record.scope for record in self._data_keys.values()}
        return sorted(scopes, key=lambda scope: (scope.tenant or "", scope.purpose))

    def data_keys(self, scope: Scope) -> list[DataKeyRecord]:
        """See `KeyStore.data_keys`."""
        with self._lock:
            self._check_created()
            return self._of(scope)

    def add_primary(self, record: DataKeyRecord, *, replaces: bytes | None) -> None:
        """See `KeyStore.add_primary`."""
        record = checks.data_key(record)
        with self._lock:
            self._check_created()
            present = self._of(record.scope)
            primary = next((key for key in present if key.state is KeyState.ACTIVE), None)
            if (primary.key_id if primary else None) != replaces:
                raise KeyStoreConflict(f"the primary key of {record.scope} is another one by now")
            if record.key_id in self._data_keys or any(key.version == record.version for key in present):
                raise KeyStoreConflict(f"version {record.version} of {record.scope} is taken")
            changed = {record.key_id: record}
            if primary is not None:
                changed[primary.key_id] = replace(primary, state=KeyState.DECRYPT_ONLY)
            self._data_keys.update(changed)

    def destroy_data_key(self, key_id: bytes) -> None:
        """See `KeyStore.destroy_data_key`."""
        with self._lock:
            self._check_created()
            record = self._data_keys.get(key_id)
            if record is None:
                raise KeyStoreConflict(f"there is no key {key_id.hex()}")
            self._data_keys[key_id] = replace(record, state=KeyState.DESTROYED, wrapped=None)

    def lease_uses(self, key_id: bytes, uses: int, *, limit: int) -> int | None:
        """See `KeyStore.lease_uses`."""
        checks.lease(uses, limit)
        with self._lock:
            self._check_created()
            record = self._data_keys.get(key_id)
            if record is None or record.state is not KeyState.ACTIVE:
                raise KeyStoreConflict(f"key {key_id.hex()} is not ACTIVE")
            total = record.uses + uses
            if total > limit:
                return None
            self._data_keys[key_id] = replace(record, uses=total)
            return total

    def index_state(self, scope: Scope) -> IndexStateRecord | None:
        """See `KeyStore.index_state`."""
        with self._lock:
            self._check_created()
            return self._index_states.get(scope)

    def put_index_state(self, record: IndexStateRecord, *, replaces: int | None) -> None:
        """See `KeyStore.put_index_state`."""
        record = checks.index_state(record, replaces)
        with self._lock:
            self._check_created()
            present = self._index_states.get(record.scope)
            if (present.revision if present else None) != replaces:
                raise KeyStoreConflict(f"the state of {record.scope} is another one by now", hint="read it again")
            self._index_states[record.scope] = record

    def subject_keys(self, scope: Scope, subjects: Collection[str]) -> dict[str, SubjectKeyRecord]:
        """See `KeyStore.subject_keys`."""
        names = checks.subjects(subjects)
        with self._lock:
            self._check_created()
            present = self._subject_keys.get(scope, {})
            return {name: present[name] for name in names if name in present}

    def subject_keys_by_id(self, scope: Scope, key_ids: Collection[bytes]) -> dict[bytes, SubjectKeyRecord]:
        """See `KeyStore.subject_keys_by_id`."""
        with self._lock:
            self._check_created()
            places = {key_id: self._place_of[key_id] for key_id in key_ids if key_id in self._place_of}
            return {
                key_id: self._subject_keys[scope][name]
                for key_id, (where, name) in places.items()
                if where == scope
            }

    def add_subject_keys(self, records: Sequence[SubjectKeyRecord]) -> None:
        """See `KeyStore.add_subject_keys`."""
        offered = checks.subject_keys(records)
        with self._lock:
            self._check_created()
            new: dict[bytes, SubjectKeyRecord] = {}
            for record in offered:
                if record.key_id in self._shredded:
                    raise KeyStoreConflict(f"key {record.key_id.hex()} was shredded and cannot come back")
                if record.subject in self._subject_keys.get(record.scope, {}):
                    continue
                if record.key_id in self._place_of or record.key_id in new:
                    raise KeyStoreConflict(f"key id {record.key_id.hex()} is another subject's")
                new[record.key_id] = record
            for record in new.values():
                self._subject_keys.setdefault(record.scope, {})[record.subject] = record
                self._place_of[record.key_id] = (record.scope, record.subject)

    def shred_subjects(self, scope: Scope, subjects: Collection[str], *, at: datetime) -> list[bytes]:
        """See `KeyStore.shred_subjects`."""
        names, moment = checks.subjects(subjects), checks.utc(at)
        with self._lock:
            self._check_created()
            present = self._subject_keys.get(scope, {})
            gone = [present.pop(name).key_id for name in names if name in present]
            for key_id in gone:
                del self._place_of[key_id]
            self._shredded.update(dict.fromkeys(gone, moment))
            return sorted(gone)

    def shredded(self, key_ids: Collection[bytes]) -> dict[bytes, datetime]:
        """See `KeyStore.shredded`."""
        with self._lock:
            self._check_created()
            return {key_id: self._shredded[key_id] for key_id in set(key_ids) if key_id in self._shredded}

    def data_keys_after(self, key_id: bytes | None, limit: int) -> list[DataKeyRecord]:
        """See `KeyStore.data_keys_after`."""
        with self._lock:
            self._check_created()
            return [self._data_keys[one] for one in sorted(self._data_keys) if one > (key_id or b"")][:limit]

    def replace_wrapped(self, changes: Sequence[RewrappedKey]) -> set[bytes]:
        """See `KeyStore.replace_wrapped`."""
        changes = checks.rewrapped(changes, data_keys=True)
        with self._lock:
            self._check_created()
            replaced = set()
            for change in changes:
                record = self._data_keys.get(change.key_id)
                if record is not None and record.wrapped == change.was:
                    kek = change.kek or record.kek
                    self._data_keys[change.key_id] = replace(record, wrapped=change.wrapped, kek=kek)
                    replaced.add(change.key_id)
            return replaced

    def subject_keys_under(
        self, data_key_ids: Collection[bytes], *, after: bytes | None, limit: int
    ) -> list[SubjectKeyRecord]:
        """See `KeyStore.subject_keys_under`."""
        with self._lock:
            self._check_created()
            found = [one for one in self._usable_under(data_key_ids) if one.key_id > (after or b"")]
        return sorted(found, key=lambda record: record.key_id)[:limit]

    def count_subject_keys_under(self, data_key_ids: Collection[bytes]) -> dict[bytes, int]:
        """See `KeyStore.count_subject_keys_under`."""
        with self._lock:
            self._check_created()
            return dict(Counter(wrapping_key_id(one.wrapped) for one in self._usable_under(data_key_ids)))

    def replace_wrapped_subject_keys(self, changes: Sequence[RewrappedKey]) -> set[bytes]:
        """See `KeyStore.replace_wrapped_subject_keys`."""
        changes = checks.rewrapped(changes, data_keys=False)
        with self._lock:
            self._check_created()
            replaced = set()
            for change in changes:
                scope, subject = self._place_of.get(change.key_id, (None, ""))
                if scope is not None and self._subject_keys[scope][subject].wrapped == change.was:
                    record = self._subject_keys[scope][subject]
                    self._subject_keys[scope][subject] = replace(record, wrapped=change.wrapped)
                    replaced.add(change.key_id)
            return replaced

    def take_lock(self, name: str, owner: str, *, at: datetime, until: datetime) -> LockRecord:
        """See `KeyStore.take_lock`."""
        checks.lock(name, owner)
        moment, offered = checks.utc(at), LockRecord(name, owner, checks.utc(until))
        with self._lock:
            self._check_created()
            held = self._locks.get(name)
            if held is None or held.owner == owner or held.until <= moment:
                self._locks[name] = held = offered
            return held

    def release_lock(self, name: str, owner: str) -> None:
        """See `KeyStore.release_lock`."""
        with self._lock:
            self._check_created()
            if name in self._locks and self._locks[name].owner == owner:
                del self._locks[name]

    def audit_head(self, log: str) -> AuditHead | None:
        """See `AuditHeads.audit_head`."""
        with self._lock:
            self._check_created()
            return self._audit_heads.get(log)

    def put_audit_head(self, head: AuditHead, *, replaces: int | None) -> None:
        """See `AuditHeads.put_audit_head`."""
        with self._lock:
            self._check_created()
            present = self._audit_heads.get(head.log)
            if (present.seq if present else None) != replaces:
                raise KeyStoreConflict(f"the head of the audit log {head.log} is another one by now")
            self._audit_heads[head.log] = head

    def _usable_under(self, data_key_ids: Collection[bytes]) -> list[SubjectKeyRecord]:
        records = (one for of_scope in self._subject_keys.values() for one in of_scope.values())
        wanted = set(data_key_ids)
        return [
            one for one in records if wrapping_key_id(one.wrapped) in wanted and one.key_id not in self._shredded
        ]

    def _of(self, scope: Scope) -> list[DataKeyRecord]:
        records = [record for record in self._data_keys.values() if record.scope == scope]
        return sorted(records, key=lambda record: record.version)

    def _check_created(self) -> None:
        if not self._created:
            raise KeyStoreNotReady("the key store was not created", hint="call create() first")


def _new_lock(store: MemoryKeyStore) -> None:
    store._lock = threading.Lock()
