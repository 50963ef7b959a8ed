"""New primary data keys: of a scope, of a tenant, of all.

Rules of this file:

1. The wrapped key is stored before it is used, and storing it demotes the old primary in the same transaction, if
   that still is the primary: of several that rotate at once, one makes the new key.
2. A primary that not every process knows yet is left: whoever comes second, or repeats a command, adds no key.
3. One request to the KEK wraps the new keys of 160 scopes.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fieldvault.attempts import attempt
from fieldvault.core.context import Scope
from fieldvault.core.derive import KEY_BYTES, derive_key_id
from fieldvault.errors import IndexStepRefused, KeyStoreConflict, RotationError
from fieldvault.keyring import (
    AUDIT_PURPOSE,
    DOMAIN_PURPOSE_PREFIX,
    FIELDS_PURPOSE,
    INDEX_PURPOSE,
    SUBJECTS_PURPOSE,
)
from fieldvault.ports import DataKeyRecord, KeyState
from fieldvault.rotation.keys.work import CHUNK, KeyWork
from fieldvault.rotation.lock import RotationLock
from fieldvault.rotation.metrics import KEYS_ROTATED

ROTATED_TOGETHER = (FIELDS_PURPOSE, SUBJECTS_PURPOSE)
"""What is rotated where no purpose is named."""


class RotateOutcome(StrEnum):
    """What became of a scope."""

    ROTATED = "rotated"
    TOO_YOUNG = "too-young"
    CHANGED_MEANWHILE = "changed-meanwhile"


@dataclass(frozen=True, slots=True)
class ScopeRotation:
    """`key_id` and `version` are the primary's now, `replaced` what was primary before, where it was rotated."""

    scope: Scope
    outcome: RotateOutcome
    version: int
    key_id: bytes
    replaced: bytes | None = None


def scopes_to_rotate(work: KeyWork, tenant: str | None, *, every: bool, purposes: Collection[str]) -> list[Scope]:
    """Of a tenant, or of all. Raises `RotationError`, `IndexStepRefused` for a purpose that goes another way."""
    for purpose in purposes:
        check_purpose(purpose)
    return [one for one in work.store.scopes() if one.purpose in purposes and (every or one.tenant == tenant)]


def check_purpose(purpose: str) -> None:
    """Raises `IndexStepRefused`, or `RotationError`, with the command that rotates this one."""
    if purpose == INDEX_PURPOSE:
        raise IndexStepRefused(
            "index keys cannot be rotated at once: rows would be missed, and duplicates let in",
            hint="rotate them in phases: fieldvault index start",
        )
    if purpose.startswith(DOMAIN_PURPOSE_PREFIX):
        raise RotationError(
            "a domain's key is not rotated here: joins would break unseen", hint="fieldvault domains rotate"
        )
    if purpose == AUDIT_PURPOSE:
        raise RotationError("audit keys are kept as long as the logs that they vouch for")


def rotate(
    work: KeyWork, lock: RotationLock, scopes: Sequence[Scope], *, min_age: float, dry_run: bool
) -> list[ScopeRotation]:
    """A new primary for each scope whose primary is at least `min_age` seconds old."""
    found: list[ScopeRotation] = []
    due: list[tuple[DataKeyRecord, int]] = []
    for scope in scopes:
        records = work.store.data_keys(scope)
        primary = next((one for one in records if one.state is KeyState.ACTIVE), None)
        if primary is None:
            continue
        if (work.clock.now() - primary.created_at).total_seconds() < min_age:
            found.append(ScopeRotation(scope, RotateOutcome.TOO_YOUNG, primary.version, primary.key_id))
        else:
            due.append((primary, max(one.version for one in records) + 1))
    if dry_run:
        return found + [
            ScopeRotation(old.scope, RotateOutcome.ROTATED, version, old.key_id, old.key_id) for old, version in due
        ]
    for start in range(0, len(due), CHUNK):
        lock.keep()
        chunk = due[start : start + CHUNK]
        work.count_kek_calls("wrap", len(chunk))
        made = attempt(_new_keys, work, chunk).or_raise()
        for (old, _), new in zip(chunk, made, strict=True):
            found.append(_replaced(work, old, new))
        work.progress("new primary keys", len(found), len(scopes))
    return found


def _new_keys(work: KeyWork, chunk: Sequence[tuple[DataKeyRecord, int]]) -> list[DataKeyRecord]:
    # Holds keys: `attempt` drops this frame from every error.
    kek = work.wrapping_kek
    keys = [os.urandom(KEY_BYTES) for _ in chunk]
    now = work.clock.now()
    return [
        DataKeyRecord(derive_key_id(key, old.scope), old.scope, version, KeyState.ACTIVE, kek.name, wrapped, now)
        for key, wrapped, (old, version) in zip(keys, kek.wrap(keys), chunk, strict=True)
    ]


def _replaced(work: KeyWork, old: DataKeyRecord, new: DataKeyRecord) -> ScopeRotation:
    scope = old.scope
    details: dict[str, str | int] = {
        "purpose": scope.purpose,
        "key_id": new.key_id.hex(),
        "replaces": old.key_id.hex(),
        "version": new.version,
    }
    work.account("rotate-key", details, tenant=scope.tenant)
    try:
        work.store.add_primary(new, replaces=old.key_id)
    except KeyStoreConflict:
        return ScopeRotation(scope, RotateOutcome.CHANGED_MEANWHILE, old.version, old.key_id)
    work.count(KEYS_ROTATED, purpose=scope.purpose)
    return ScopeRotation(scope, RotateOutcome.ROTATED, new.version, new.key_id, old.key_id)
