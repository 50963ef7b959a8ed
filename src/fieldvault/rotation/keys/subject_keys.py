"""Subject keys under the new primary of the purpose `subjects`, so that the old wrapping key can go.

Rules of this file:

1. The subject key stays; the data is not touched. It is opened from its new wrapping and compared before that
   replaces the old one, which happens only while the old one is what was read.
2. What is left is what the rows say: those that are wrapped under a key that is no primary any more. After a kill
   at any point the next run goes on there.
3. A wrapped subject key is one use of the data key that wraps it (spec keyring-v1 §8): the uses are leased before.
4. Frames with keys return failures instead of raising them.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fieldvault.core.context import Scope
from fieldvault.core.derive import KEY_BYTES, derive_key_id, subject_key_aad
from fieldvault.core.envelope import HEADER_BYTES, OVERHEAD_BYTES, VERSION_1
from fieldvault.errors import KeyCommitmentMismatch, KeyExhausted, KeyNotFound, KeyWrapRefused, OpenError
from fieldvault.keyring.cache import KeyCache
from fieldvault.keyring.data_key import DataKey
from fieldvault.keyring.fetch import KeyFetcher
from fieldvault.ports import DataKeyRecord, KeyState, RewrappedKey, SubjectKeyRecord
from fieldvault.rotation.keys.work import KeyWork
from fieldvault.rotation.lock import RotationLock
from fieldvault.rotation.metrics import KEYS_REFUSED, SUBJECT_KEYS_REWRAPPED

SCOPES_AT_ONCE = 320
"""Whose wrapping keys are held at the same time; each such group is one pass over the table of subject keys."""

_WRAPPED_BYTES = OVERHEAD_BYTES + KEY_BYTES


@dataclass(slots=True)
class SubjectsResult:
    """`done` subject keys are under the new key (in a dry run: would be). `changed_meanwhile` were rewrapped or
    shredded by somebody else. `refused` has why, by key id, one could not be unwrapped: it stays as it was.
    """

    done: int = 0
    changed_meanwhile: int = 0
    refused: dict[bytes, OpenError] = field(default_factory=dict)


def rewrap_subject_keys(
    work: KeyWork, lock: RotationLock, scopes: Sequence[Scope], *, batch: int, dry_run: bool
) -> SubjectsResult:
    """All that old keys of these scopes (of the purpose `subjects`) wrap, under each scope's primary."""
    result = SubjectsResult()
    for start in range(0, len(scopes), SCOPES_AT_ONCE):
        group = _Group(work, scopes[start : start + SCOPES_AT_ONCE])
        if dry_run:
            result.done += group.left
        elif group.left:
            _rewrap_group(work, lock, group, batch, result)
    return result


class _Group:
    """The wrapping keys of some scopes that still wrap subject keys, and the primaries that are to."""

    def __init__(self, work: KeyWork, scopes: Sequence[Scope]) -> None:
        self._work = work
        records = [record for scope in scopes for record in work.store.data_keys(scope)]
        primaries = {one.scope: one for one in records if one.state is KeyState.ACTIVE}
        old = {one.key_id: one for one in records if one.state is KeyState.DECRYPT_ONLY and one.scope in primaries}
        self.counts = work.store.count_subject_keys_under(old.keys())
        self.left = sum(self.counts.values())
        self.old = {key_id: old[key_id] for key_id in self.counts}
        self.primaries = {one.scope.tenant: primaries[one.scope] for one in self.old.values()}
        needed = [*self.old.values(), *self.primaries.values()]
        self._needed = list({one.key_id: one for one in needed}.values())
        policy = work.keyrings.policy
        self._cache = KeyCache(
            work.clock, seconds=policy.cache_seconds, uses=policy.cache_uses, keys=len(self._needed) or 1
        )
        self._fetcher = KeyFetcher(work.keyrings.kek, work.store, self._cache, work.clock)

    def keys(self) -> Mapping[bytes, DataKey | OpenError]:
        """Handles by key id: for the cache's time, then unwrapped anew in one request to the KEK."""
        cold = sum(self._cache.take((one.scope, one.key_id), 0) is None for one in self._needed)
        self._work.count_kek_calls("unwrap", cold)
        return self._fetcher.unwrap(self._needed, self._cache.ticket())

    def uses_of(self) -> list[tuple[DataKeyRecord, int]]:
        """How often each primary is about to be used."""
        totals: dict[str | None, int] = {}
        for key_id, count in self.counts.items():
            tenant = self.old[key_id].scope.tenant
            totals[tenant] = totals.get(tenant, 0) + count
        return [(self.primaries[tenant], total) for tenant, total in totals.items()]


def _rewrap_group(work: KeyWork, lock: RotationLock, group: _Group, batch: int, result: SubjectsResult) -> None:
    for primary, uses in group.uses_of():
        if work.store.lease_uses(primary.key_id, uses, limit=work.keyrings.policy.refuse_at) is None:
            raise KeyExhausted(f"{primary.scope} has no {uses} uses left on its primary", hint="rotate it first")
        details: dict[str, str | int] = {"key_id": primary.key_id.hex(), "subject_keys": uses}
        work.account("rewrap-subject-keys", details, tenant=primary.scope.tenant)
    after: bytes | None = None
    seen = 0
    while rows := work.store.subject_keys_under(group.old.keys(), after=after, limit=batch):
        after = rows[-1].key_id
        lock.keep()
        changes, refused = _rewrapped(rows, group.keys(), group.primaries)
        replaced = work.store.replace_wrapped_subject_keys(changes)
        result.done += len(replaced)
        result.changed_meanwhile += len(changes) - len(replaced)
        result.refused |= refused
        work.count(SUBJECT_KEYS_REWRAPPED, len(replaced))
        work.count(KEYS_REFUSED, len(refused))
        seen += len(rows)
        work.progress("subject keys", seen, group.left)


def _rewrapped(
    rows: Sequence[SubjectKeyRecord],
    keys: Mapping[bytes, DataKey | OpenError],
    primaries: Mapping[str | None, DataKeyRecord],
) -> tuple[list[RewrappedKey], dict[bytes, OpenError]]:
    changes: list[RewrappedKey] = []
    refused: dict[bytes, OpenError] = {}
    for row in rows:
        old_id = row.wrapped[1:HEADER_BYTES]
        primary = primaries.get(row.scope.tenant)
        old = keys.get(old_id, KeyNotFound(old_id))
        new = KeyNotFound(old_id) if primary is None else keys[primary.key_id]
        outcome: RewrappedKey | OpenError
        if isinstance(old, OpenError):
            outcome = old
        elif isinstance(new, OpenError):
            outcome = new
        else:
            outcome = _rewrapped_one(row, old, new)
        if isinstance(outcome, OpenError):
            refused[row.key_id] = outcome.copy()
        else:
            changes.append(outcome)
    return changes, refused


def _rewrapped_one(row: SubjectKeyRecord, old: DataKey, new: DataKey) -> RewrappedKey | OpenError:
    if len(row.wrapped) != _WRAPPED_BYTES or row.wrapped[:1] != VERSION_1:
        return KeyWrapRefused(f"the subject key {row.key_id.hex()} is malformed")
    new_aad = subject_key_aad(new.aead.header, row.scope, row.subject)
    try:
        key = old.aead.open(row.wrapped, subject_key_aad(old.aead.header, row.scope, row.subject))
        wrapped = new.aead.seal(key, new_aad)
        again = new.aead.open(wrapped, new_aad)
    except OpenError:
        return KeyWrapRefused(
            f"the subject key {row.key_id.hex()} does not authenticate under its data key",
            hint="the key store was altered",
        )
    if not hmac.compare_digest(derive_key_id(again, row.scope, row.subject), row.key_id):
        return KeyCommitmentMismatch(row.key_id)
    return RewrappedKey(row.key_id, row.wrapped, wrapped)
