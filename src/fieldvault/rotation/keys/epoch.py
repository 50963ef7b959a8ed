"""A KEK epoch: what an old backup of the key store holds opens nothing any more.

Rules of this file:

1. What can be undone comes first. Old versions are closed, then all keys are looked at once more, and only then are
   the versions deleted.
2. A key that is still wrapped by an older version stops it, before anything is closed: it would be lost.
3. A process that had a key wrapped just before the newest version was made may store it a little later, so the
   newest version must be older than the slowest write.
"""

from __future__ import annotations

from dataclasses import dataclass

from fieldvault.errors import EpochRefused, KeyNotSettled
from fieldvault.keyring import SUBJECTS_PURPOSE
from fieldvault.ports import KeyState, VersionedKek
from fieldvault.rotation.keys.rewrapping import RewrapResult, rewrap, version_of, versioned
from fieldvault.rotation.keys.work import KeyWork
from fieldvault.rotation.lock import RotationLock


@dataclass(frozen=True, slots=True)
class EpochResult:
    """`closed`: versions up to this one are deleted (in a dry run: would be); 0 where there were none. `rewrapped`:
    what became of the keys. `old_wrapping_keys` of the purpose `subjects` are not retired: with one of them, and a
    copy of the table of subject keys from before, somebody who was shredded could be opened.
    """

    kek: str
    newest: int
    closed: int
    rewrapped: RewrapResult
    old_wrapping_keys: tuple[bytes, ...]


def begin_epoch(work: KeyWork, lock: RotationLock, *, rotate_kek: bool, dry_run: bool) -> EpochResult:
    """Rewrap all keys, close the older versions of the KEK, and delete them. Cannot be undone."""
    kek = versioned(work.wrapping_kek)
    result = rewrap(work, lock, below=None, rotate_kek=rotate_kek, dry_run=dry_run)
    versions = kek.versions()
    newest = versions.newest + (rotate_kek and dry_run)
    closed = newest - 1 if versions.oldest_kept < newest else 0
    if closed and not dry_run:
        _check_settled(work, kek)
        _check_all_newest(work, kek, newest)
        work.account("begin-epoch", {"kek": kek.name, "version": newest})
        kek.open_from(newest)
        left = _older(work, kek, newest)
        if left:
            kek.open_from(versions.oldest_opened)
            raise EpochRefused(
                f"{left} keys of an older version were stored while the epoch began; it is as it was",
                keys=left,
                hint="once more",
            )
        kek.trim_below(newest)
        work.account("epoch-begun", {"kek": kek.name, "version": newest})
    old = tuple(
        one.key_id
        for one in work.data_keys()
        if one.scope.purpose == SUBJECTS_PURPOSE and one.state is KeyState.DECRYPT_ONLY
    )
    return EpochResult(kek.name, newest, closed, result, old)


def _check_settled(work: KeyWork, kek: VersionedKek) -> None:
    left = work.slowest_write - (work.clock.now() - kek.versions().newest_since).total_seconds()
    if left > 0:
        raise KeyNotSettled(
            "the KEK's newest version was made a moment ago; a key of the one before may be on its way",
            seconds_left=left,
            hint=f"wait {left:.0f} seconds, then the same again without rotating the KEK",
        )


def _check_all_newest(work: KeyWork, kek: VersionedKek, newest: int) -> None:
    left = _older(work, kek, newest)
    if left:
        raise EpochRefused(
            f"{left} keys are still wrapped by an older version of {kek.name}; nothing was closed",
            keys=left,
            hint="fieldvault keys rewrap says which, and why",
        )


def _older(work: KeyWork, kek: VersionedKek, newest: int) -> int:
    # What is malformed counts: it may be an older one that was altered, and can still be repaired.
    versions = (version_of(kek, one) for one in work.data_keys() if one.wrapped is not None and one.kek == kek.name)
    return sum(version is None or version < newest for version in versions)
