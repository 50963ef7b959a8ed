"""The end of a key: retired, because nothing needs it any more; or shredded, because what it sealed must be gone.

Rules of this file:

1. A key is retired only when no process can seal under it any more, and then nothing that it sealed or wraps is
   found. In this order: what is counted cannot become more.
2. It is recorded before it is done; what is left is a record of what was destroyed, when, by whom.
3. Nothing that is destroyed comes back but from a backup of the key store (docs/guide/backups.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fieldvault.core.context import Scope
from fieldvault.errors import KeyInUse, KeyNotFound, KeyNotSettled, RotationError
from fieldvault.keyring import FIELDS_PURPOSE, SUBJECTS_PURPOSE
from fieldvault.ports import DataKeyRecord, KeyState
from fieldvault.rotation.keys.counting import RowCounter, rows_by_counter
from fieldvault.rotation.keys.rotating import check_purpose
from fieldvault.rotation.keys.work import KeyWork
from fieldvault.rotation.metrics import KEYS_RETIRED, KEYS_SHREDDED, SUBJECT_KEYS_SHREDDED

KEYS_AN_EVENT = 500
"""An event is at most 32 KiB, and an id is 33 characters of it."""


@dataclass(frozen=True, slots=True)
class Destroyed:
    """What is left of keys that are gone: proof of which, whose, and since when."""

    tenant: str | None
    purposes: tuple[str, ...]
    key_ids: tuple[bytes, ...]
    at: datetime
    actor: str | None
    reason: str | None = None


def retire(work: KeyWork, key_id: bytes, counters: Sequence[RowCounter], *, dry_run: bool) -> Destroyed:
    """Destroy a decrypt-only key that no row needs. Repeated, it says the same again."""
    record = find(work, key_id)
    scope = record.scope
    if record.state is not KeyState.DESTROYED:
        _check_settled(work, record)
        _check_unneeded(work, record, counters)
        if not dry_run:
            details: dict[str, str | int] = {"purpose": scope.purpose, "key_id": key_id.hex()}
            work.account("retire-key", details, tenant=scope.tenant)
            work.keyrings.keyring(scope).destroy(key_id)
            work.count(KEYS_RETIRED, purpose=scope.purpose)
    return Destroyed(scope.tenant, (scope.purpose,), (key_id,), work.clock.now(), work.actor)


def shred_tenant(work: KeyWork, tenant: str, *, reason: str | None, dry_run: bool) -> Destroyed:
    """Destroy every key of a tenant, of every purpose: all that it had sealed is gone, and its index values too."""
    scopes = [scope for scope in work.store.scopes() if scope.tenant == tenant]
    keys = [
        record
        for scope in scopes
        for record in work.store.data_keys(scope)
        if record.state is not KeyState.DESTROYED
    ]
    key_ids = tuple(record.key_id for record in keys)
    purposes = tuple(dict.fromkeys(record.scope.purpose for record in keys))
    if keys and not dry_run:
        _account_for(work, "shred-tenant", key_ids, tenant, reason)
        for record in keys:
            work.keyrings.keyring(record.scope).destroy(record.key_id)
            work.count(KEYS_SHREDDED, purpose=record.scope.purpose)
        work.account("tenant-shredded", {"keys": len(keys)}, tenant=tenant, reason=reason)
    return Destroyed(tenant, purposes, key_ids, work.clock.now(), work.actor, reason)


def shred_subjects(
    work: KeyWork, tenant: str | None, subjects: Sequence[str], *, reason: str | None, dry_run: bool
) -> Destroyed:
    """Destroy the keys of these subjects, by their whole names `kind:id` (spec keyring-v1 §2)."""
    scope = Scope(tenant, FIELDS_PURPOSE)
    key_ids = sorted(row.key_id for row in work.store.subject_keys(scope, subjects).values())
    if key_ids and not dry_run:
        _account_for(work, "shred-subjects", key_ids, tenant, reason)
        key_ids = work.keyrings.keyring(scope).shred_subjects(subjects)
        work.count(SUBJECT_KEYS_SHREDDED, len(key_ids))
    return Destroyed(tenant, ("subject",), tuple(key_ids), work.clock.now(), work.actor, reason)


def find(work: KeyWork, key_id: bytes) -> DataKeyRecord:
    """The data key of this id. Raises `KeyNotFound`."""
    for record in work.data_keys():
        if record.key_id == key_id:
            return record
    raise KeyNotFound(
        key_id, message=f"there is no data key {key_id.hex()}", hint="fieldvault keys list shows them"
    )


def _account_for(
    work: KeyWork, action: str, key_ids: Sequence[bytes], tenant: str | None, reason: str | None
) -> None:
    for start in range(0, len(key_ids), KEYS_AN_EVENT):
        ids = key_ids[start : start + KEYS_AN_EVENT]
        details: dict[str, str | int] = {"keys": len(ids), "key_ids": ",".join(one.hex() for one in ids)}
        work.account(action, details, tenant=tenant, reason=reason)


def _check_settled(work: KeyWork, record: DataKeyRecord) -> None:
    check_purpose(record.scope.purpose)
    if record.scope.purpose not in (FIELDS_PURPOSE, SUBJECTS_PURPOSE):
        raise RotationError(
            f"what keys of the purpose {record.scope.purpose} seal is in no table that could be counted",
            hint="it stays; an unneeded key that only opens does no harm",
        )
    name = f"key {record.key_id.hex()}"
    if record.state is KeyState.ACTIVE:
        raise KeyInUse(f"{name} is the primary of {record.scope}", hint="fieldvault keys rotate")
    # A key is demoted by the one that follows it, which was made just before that.
    later = [one.created_at for one in work.store.data_keys(record.scope) if one.version > record.version]
    demoted_at = min(later, default=work.clock.now())
    left = work.settle_seconds - (work.clock.now() - demoted_at).total_seconds()
    if left > 0:
        raise KeyNotSettled(
            f"{name} was primary until a moment ago, so a process may still seal under it",
            seconds_left=left,
            hint=f"wait {left:.0f} seconds",
        )


def _check_unneeded(work: KeyWork, record: DataKeyRecord, counters: Sequence[RowCounter]) -> None:
    key_id, purpose = record.key_id, record.scope.purpose
    if purpose == SUBJECTS_PURPOSE:
        rows = work.store.count_subject_keys_under([key_id]).get(key_id, 0)
        what, hint = "subject keys are wrapped under it", "fieldvault keys rotate --purpose subjects --resume"
    elif counters:
        rows = rows_by_counter(counters, [key_id]).get(key_id, 0)
        what, hint = "rows are sealed under it", "seal them anew: fieldvault reencrypt"
    else:
        raise KeyInUse(
            f"nobody can say whether key {key_id.hex()} is needed: no table of {record.scope} is declared",
            hint="declare each one: [rotation.table.NAME]",
        )
    if rows:
        raise KeyInUse(f"key {key_id.hex()} is needed: {rows:,} {what}", rows=rows, hint=hint)
