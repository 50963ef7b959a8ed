"""Storing data keys wrapped otherwise: under a newer version of their KEK, or under another KEK.

Rules of this file:

1. The data key stays: it is unwrapped from its new wrapping, and its key id recomputed, before the new wrapping
   replaces the old one. What does not verify is counted and left as it is.
2. A wrapping is replaced only while it is what was read, all of a chunk in one transaction. After a kill at any
   point the next run finds what is left and goes on; nothing needs to be remembered.
3. One request to the KEK rewraps a chunk of 160, and one verifies it.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fieldvault.attempts import attempt
from fieldvault.core.derive import derive_key_id
from fieldvault.errors import KekNotVersioned, KeyCommitmentMismatch, KeyWrapRefused, OpenError
from fieldvault.ports import DataKeyRecord, KekProvider, RewrappedKey, VersionedKek
from fieldvault.rotation.keys.work import CHUNK, KeyWork
from fieldvault.rotation.lock import RotationLock
from fieldvault.rotation.metrics import KEYS_MOVED, KEYS_REFUSED, KEYS_REWRAPPED

_PASSES = 4

Transform = Callable[[Sequence[DataKeyRecord]], list[bytes | OpenError]]


@dataclass(slots=True)
class RewrapResult:
    """`done` keys are stored anew (in a dry run: would be). `already` were as wanted. `elsewhere` are wrapped by
    KEKs that were not asked for. `changed_meanwhile` were rewrapped or destroyed by somebody else. `refused` has
    why, by key id, a key could not be unwrapped or verified: it is stored as it was.
    """

    done: int = 0
    already: int = 0
    elsewhere: int = 0
    changed_meanwhile: int = 0
    refused: dict[bytes, OpenError] = field(default_factory=dict)


def rewrap(
    work: KeyWork, lock: RotationLock, *, below: int | None, rotate_kek: bool, dry_run: bool
) -> RewrapResult:
    """To the KEK's newest version: every key of an older one, or only those of a version under `below`."""
    kek = versioned(work.wrapping_kek)
    if rotate_kek and not dry_run:
        work.account("rotate-kek", {"kek": kek.name})
        kek.rotate()
    newest = kek.versions().newest
    limit = newest + (rotate_kek and dry_run) if below is None else min(below, newest)

    def transform(records: Sequence[DataKeyRecord]) -> list[bytes | OpenError]:
        work.count_kek_calls("rewrap", len(records))
        return list(kek.rewrap([record.wrapped or b"" for record in records]))

    def wanted(record: DataKeyRecord) -> bool:
        version = version_of(kek, record)
        return version is None or version < limit  # what is malformed is refused by name, not passed over

    run = Rewrapping(work, lock, kek, transform, action="rewrap-keys", counter=KEYS_REWRAPPED)
    return run.over(lambda record: record.kek == kek.name, wanted, dry_run=dry_run)


def move(work: KeyWork, lock: RotationLock, target: KekProvider, *, dry_run: bool) -> RewrapResult:
    """Every key that another KEK wraps, and that this process can unwrap, to `target`."""

    def transform(records: Sequence[DataKeyRecord]) -> list[bytes | OpenError]:
        return attempt(_moved, work, target, records).or_raise()

    def known(record: DataKeyRecord) -> bool:
        return record.kek == target.name or work.kek_named(record.kek) is not None

    run = Rewrapping(work, lock, target, transform, action="move-keys", counter=KEYS_MOVED)
    return run.over(known, lambda record: record.kek != target.name, dry_run=dry_run)


class Rewrapping:
    """`transform` gives the new wrappings, under `target`, in the order of the records."""

    def __init__(
        self,
        work: KeyWork,
        lock: RotationLock,
        target: KekProvider,
        transform: Transform,
        *,
        action: str,
        counter: str,
    ) -> None:
        self._work = work
        self._lock = lock
        self._target = target
        self._transform = transform
        self._action = action
        self._counter = counter

    def over(
        self, ours: Callable[[DataKeyRecord], bool], wanted: Callable[[DataKeyRecord], bool], *, dry_run: bool
    ) -> RewrapResult:
        """Those of all data keys that are `wanted` of `ours`."""
        result, total = RewrapResult(), 0
        for record in self._work.data_keys():
            if record.wrapped is None:
                continue
            if not ours(record):
                result.elsewhere += 1
            elif wanted(record):
                total += 1
            else:
                result.already += 1
        if dry_run:
            result.done = total
            return result
        for _ in range(_PASSES):
            # More than once: a key may be made behind the reading, the audit log's own first one among them.
            before = result.done + result.changed_meanwhile
            self._pass(lambda record: ours(record) and wanted(record), result, total)
            if result.done + result.changed_meanwhile == before:
                break
        return result

    def _pass(self, due: Callable[[DataKeyRecord], bool], result: RewrapResult, total: int) -> None:
        chunk: list[DataKeyRecord] = []
        for record in self._work.data_keys():
            if record.wrapped is not None and record.key_id not in result.refused and due(record):
                chunk.append(record)
            if len(chunk) == CHUNK:
                self._store(chunk, result, total)
                chunk = []
        if chunk:
            self._store(chunk, result, total)

    def _store(self, records: Sequence[DataKeyRecord], result: RewrapResult, total: int) -> None:
        self._lock.keep()
        refused: dict[bytes, OpenError] = {}
        new: list[tuple[DataKeyRecord, bytes]] = []
        for record, wrapped in zip(records, self._transform(records), strict=True):
            if isinstance(wrapped, OpenError):
                refused[record.key_id] = wrapped
            else:
                new.append((record, wrapped))
        if new:
            self._work.count_kek_calls("unwrap", len(new))
            refused |= attempt(_unverified, self._target, new).or_raise()
        changes = [
            RewrappedKey(record.key_id, record.wrapped or b"", wrapped, self._target.name)
            for record, wrapped in new
            if record.key_id not in refused
        ]
        if changes:
            ids = ",".join(one.key_id.hex() for one in changes)
            details: dict[str, str | int] = {"kek": self._target.name, "keys": len(changes), "key_ids": ids}
            self._work.account(self._action, details)
            replaced = self._work.store.replace_wrapped(changes)
            result.done += len(replaced)
            result.changed_meanwhile += len(changes) - len(replaced)
            self._work.count(self._counter, len(replaced))
        result.refused |= refused
        self._work.count(KEYS_REFUSED, len(refused))
        self._work.progress("data keys", result.done + result.changed_meanwhile + len(result.refused), total)


def versioned(kek: KekProvider) -> VersionedKek:
    """The KEK, as one that has versions. Raises `KekNotVersioned`."""
    if isinstance(kek, VersionedKek):
        return kek
    raise KekNotVersioned(
        f"{kek.name} has one version only", hint="move its keys to another KEK: fieldvault keys move"
    )


def version_of(kek: KekProvider, record: DataKeyRecord) -> int | None:
    """The KEK's version that wrapped this key; None where its wrapping is malformed."""
    try:
        return kek.version_of(record.wrapped or b"")
    except KeyWrapRefused:
        return None


def _moved(work: KeyWork, target: KekProvider, records: Sequence[DataKeyRecord]) -> list[bytes | OpenError]:
    # Holds keys: `attempt` drops this frame from every error.
    found: dict[bytes, bytes | OpenError] = {}
    by_kek: dict[str, list[DataKeyRecord]] = {}
    for record in records:
        by_kek.setdefault(record.kek, []).append(record)
    for name, of_kek in by_kek.items():
        source = work.kek_named(name)
        if source is None:
            continue
        work.count_kek_calls("unwrap", len(of_kek))
        keys = source.unwrap([record.wrapped or b"" for record in of_kek])
        for record, key in zip(of_kek, keys, strict=True):
            found[record.key_id] = key if isinstance(key, OpenError) else _committed(record, key)
    good = {key_id: key for key_id, key in found.items() if isinstance(key, bytes)}
    if good:
        work.count_kek_calls("wrap", len(good))
        found |= zip(good, target.wrap(list(good.values())), strict=True)
    return [found[record.key_id] for record in records]


def _unverified(target: KekProvider, new: Sequence[tuple[DataKeyRecord, bytes]]) -> dict[bytes, OpenError]:
    """Why each of those that do not unwrap to their own key must not be stored."""
    refused: dict[bytes, OpenError] = {}
    keys = target.unwrap([wrapped for _, wrapped in new])
    for (record, _), key in zip(new, keys, strict=True):
        outcome = key if isinstance(key, OpenError) else _committed(record, key)
        if isinstance(outcome, OpenError):
            refused[record.key_id] = outcome.detached()
    return refused


def _committed(record: DataKeyRecord, key: bytes) -> bytes | OpenError:
    if hmac.compare_digest(derive_key_id(key, record.scope), record.key_id):
        return key
    return KeyCommitmentMismatch(record.key_id)
