"""KeyOperations: all that is done to keys, for commands, schedulers and notebooks alike.

    operations = KeyOperations(keyrings, audit=audit, actor="night run")
    operations.rotate(tenant="acme")
    operations.rewrap(rotate_kek=True)

Rules of this file:

1. One run at a time: each method that changes keys holds a lock in the key store.
2. Whatever is killed is repeated by the same call, and goes on where it stopped.
3. An error leaves through a frame that holds neither key nor wrapped key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from fieldvault.attempts import Outcome, attempt
from fieldvault.core.context import Scope
from fieldvault.keyring import SUBJECTS_PURPOSE, Keyrings
from fieldvault.ports import AuditSink, KekProvider
from fieldvault.rotation.keys import ending, rewrapping, rotating
from fieldvault.rotation.keys.counting import RowCounter
from fieldvault.rotation.keys.ending import Destroyed
from fieldvault.rotation.keys.epoch import EpochResult, begin_epoch
from fieldvault.rotation.keys.rewrapping import RewrapResult
from fieldvault.rotation.keys.rotating import ROTATED_TOGETHER, ScopeRotation
from fieldvault.rotation.keys.subject_keys import SubjectsResult, rewrap_subject_keys
from fieldvault.rotation.keys.work import KeyProgress, KeyWork
from fieldvault.rotation.lock import DEFAULT_SECONDS, RotationLock, locked
from fieldvault.rotation.metrics import NoMetrics, RotationMetrics

Result = TypeVar("Result")
LOCK = "keys"
SLOWEST_WRITE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class RotateResult:
    """What became of each scope, and of the subject keys that old keys wrapped."""

    scopes: tuple[ScopeRotation, ...]
    subjects: SubjectsResult


class KeyOperations:
    """Over the keys of one key store. `actor` is who acts, for the audit log.

    `slowest_write`: seconds from sealing a record to the commit of its row, at most; with the keyring's
    `cache_seconds` it is how long a replaced key may still be used. `lock_seconds`: how long a killed run keeps
    others out. Every method raises `RotationUnderWay` while another run is at work, `KekError`, `KeyStoreError` and
    `AuditError`. A dry run changes nothing and asks for no lock.
    """

    def __init__(
        self,
        keyrings: Keyrings,
        *,
        audit: AuditSink | None = None,
        actor: str | None = None,
        metrics: RotationMetrics | None = None,
        on_progress: Callable[[KeyProgress], None] = lambda _: None,
        slowest_write: float = SLOWEST_WRITE_SECONDS,
        lock_seconds: float = DEFAULT_SECONDS,
    ) -> None:
        self._lock_seconds = lock_seconds
        self._work = KeyWork(
            keyrings=keyrings,
            audit=audit,
            actor=actor,
            metrics=metrics or NoMetrics(),
            on_progress=on_progress,
            slowest_write=slowest_write,
        )

    @property
    def settle_seconds(self) -> float:
        """How long after a rotation some process may still use what was primary before."""
        return self._work.settle_seconds

    def rotate(
        self,
        tenant: str | None = None,
        *,
        every_tenant: bool = False,
        purposes: Collection[str] = ROTATED_TOGETHER,
        min_age: float | None = None,
        batch: int = 1000,
        dry_run: bool = False,
    ) -> RotateResult:
        """A new primary for a tenant's scopes (None: the global ones), or for those of all; then all subject keys
        under the new one.

        A primary younger than `min_age` seconds (by default `settle_seconds`) is left, so that of several that
        rotate at once one makes a key, and a call that is repeated makes no other. Raises `RotationError`.
        """
        seconds = self.settle_seconds if min_age is None else min_age

        def work(lock: RotationLock) -> RotateResult:
            scopes = rotating.scopes_to_rotate(self._work, tenant, every=every_tenant, purposes=purposes)
            rotated = rotating.rotate(self._work, lock, scopes, min_age=seconds, dry_run=dry_run)
            return RotateResult(tuple(rotated), self._subjects(lock, scopes, batch, dry_run=dry_run))

        return self._run(work, dry_run=dry_run)

    def resume_rotation(
        self,
        tenant: str | None = None,
        *,
        every_tenant: bool = False,
        batch: int = 1000,
        dry_run: bool = False,
    ) -> SubjectsResult:
        """The subject keys that a rotation left under old keys; makes no new key."""

        def work(lock: RotationLock) -> SubjectsResult:
            scopes = rotating.scopes_to_rotate(self._work, tenant, every=every_tenant, purposes=[SUBJECTS_PURPOSE])
            return self._subjects(lock, scopes, batch, dry_run=dry_run)

        return self._run(work, dry_run=dry_run)

    def rewrap(self, *, below: int | None = None, rotate_kek: bool = False, dry_run: bool = False) -> RewrapResult:
        """All data keys to the newest version of the KEK, or only those of a version under `below`.

        `rotate_kek` makes a new version first. Raises `KekNotVersioned`.
        """
        work = partial(rewrapping.rewrap, self._work, below=below, rotate_kek=rotate_kek, dry_run=dry_run)
        return self._run(work, dry_run=dry_run)

    def move(self, target: KekProvider | None = None, *, dry_run: bool = False) -> RewrapResult:
        """All data keys to `target`, by default the KEK that wraps new keys.

        The keyrings' KEK is a `SeveralKeks` that unwraps both what `target` wraps and what it is moved from.
        """
        kek = self._work.wrapping_kek if target is None else target
        return self._run(partial(rewrapping.move, self._work, target=kek, dry_run=dry_run), dry_run=dry_run)

    def begin_epoch(self, *, rotate_kek: bool = False, dry_run: bool = False) -> EpochResult:
        """Rewrap all keys, close the older versions of the KEK, and delete them: what a backup of the key store
        from before holds opens nothing any more. Cannot be undone.

        Raises `EpochRefused`, `KeyNotSettled`, `KekNotVersioned`.
        """
        work = partial(begin_epoch, self._work, rotate_kek=rotate_kek, dry_run=dry_run)
        return self._run(work, dry_run=dry_run)

    def retire(self, key_id: bytes, counters: Sequence[RowCounter] = (), *, dry_run: bool = False) -> Destroyed:
        """Destroy a key that nothing needs any more. `counters` are all places where its envelopes may be.

        Raises `KeyInUse`, `KeyNotSettled`, `KeyNotFound`.
        """
        return self._run(lambda _: ending.retire(self._work, key_id, counters, dry_run=dry_run), dry_run=dry_run)

    def shred_tenant(self, tenant: str, *, reason: str | None = None, dry_run: bool = False) -> Destroyed:
        """Destroy every key of a tenant: all that it had sealed is gone. Cannot be undone; may be repeated."""
        return self._run(
            lambda _: ending.shred_tenant(self._work, tenant, reason=reason, dry_run=dry_run), dry_run=dry_run
        )

    def shred_subjects(
        self, tenant: str | None, subjects: Sequence[str], *, reason: str | None = None, dry_run: bool = False
    ) -> Destroyed:
        """Destroy the keys of these persons, by their whole names `kind:id`. Cannot be undone.

        It asks for no lock: an erasure does not wait for a rotation, which passes over what is gone.
        """
        return attempt(
            partial(ending.shred_subjects, self._work, tenant, subjects, reason=reason, dry_run=dry_run)
        ).or_raise()

    def _subjects(
        self, lock: RotationLock, scopes: Sequence[Scope], batch: int, *, dry_run: bool
    ) -> SubjectsResult:
        of_subjects = [scope for scope in scopes if scope.purpose == SUBJECTS_PURPOSE]
        return rewrap_subject_keys(self._work, lock, of_subjects, batch=batch, dry_run=dry_run)

    def _run(self, work: Callable[[RotationLock], Result], *, dry_run: bool) -> Result:
        outcome: Outcome[Result] = attempt(self._under_lock, work, dry_run)
        return outcome.or_raise()

    def _under_lock(self, work: Callable[[RotationLock], Result], dry_run: bool) -> Result:
        store, clock = self._work.store, self._work.clock
        if dry_run:
            return work(RotationLock(store, clock, LOCK, self._lock_seconds))
        with locked(store, clock, LOCK, seconds=self._lock_seconds) as lock:
            return work(lock)

    def __repr__(self) -> str:
        return f"<KeyOperations over {self._work.keyrings!r}>"
