"""All ports on one page: what fieldvault asks of the world outside.

`kek/` and `keystore/` implement these Protocols; only composition roots (the CLI, an application's start-up,
a test) build the implementations. Everything else sees the Protocol.

Rules that every implementation keeps, and that the contract tests check:

1. Any thread may call any method at any time.
2. An instance survives `fork`: the child opens its own connections.
3. Errors are those of `fieldvault.errors`, never a driver's.
4. No secret appears in `repr`, in a log or in an exception.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from fieldvault.core.context import Scope
from fieldvault.errors import KeyWrapRefused


class KeyState(StrEnum):
    """What a data key may still do (spec keyring-v1 §5). The scope's one ACTIVE key is its primary."""

    ACTIVE = "active"
    DECRYPT_ONLY = "decrypt-only"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class DataKeyRecord:
    """One row of the key store: a data key, wrapped.

    `wrapped` is what the KEK returned, opaque to us, and None once the key is destroyed. `version` counts the
    scope's keys from 1. `uses` is how many encryptions have been leased so far. `created_at` is aware, in UTC.
    """

    key_id: bytes
    scope: Scope
    version: int
    state: KeyState
    kek: str
    wrapped: bytes | None = field(repr=False)
    created_at: datetime
    uses: int = 0


@dataclass(frozen=True, slots=True)
class SubjectKeyRecord:
    """One row of the key store: the key of one data subject, wrapped under a data key (spec keyring-v1 §6).

    `subject` is personal data by itself in many systems, so it stays out of `repr`.
    """

    key_id: bytes
    scope: Scope
    subject: str = field(repr=False)
    wrapped: bytes = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RewrappedKey:
    """A key that is to be stored wrapped otherwise. `was` is what was read: it is replaced only while it is there.

    `kek` is the KEK that a data key is wrapped by now; None for a subject key.
    """

    key_id: bytes
    was: bytes = field(repr=False)
    wrapped: bytes = field(repr=False)
    kek: str | None = None


@dataclass(frozen=True, slots=True)
class LockRecord:
    """Who holds a lock, and until when: aware, in UTC, by the clock of whoever took it."""

    name: str
    owner: str
    until: datetime


class IndexPhase(StrEnum):
    """Where a scope of index keys is on its way from one key to the next (spec index-rotation-v1 §2)."""

    STABLE = "stable"
    DUAL_WRITE = "dual-write"
    BACKFILL = "backfill"
    CUT_OVER = "cut-over"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class IndexStateRecord:
    """One row of the key store: the state of a scope's index keys (spec index-rotation-v1 §2).

    `version` is the key that indexes are under, `next_version` the one that they go to: None while, and only while,
    the phase is STABLE. `since` is when the phase began, aware, in UTC. `revision` counts the changes from 1.
    """

    scope: Scope
    phase: IndexPhase
    version: int
    next_version: int | None
    since: datetime
    revision: int


class KekProvider(Protocol):
    """Wraps and unwraps data keys under a key-encryption key that we never see, or see only in development."""

    @property
    def name(self) -> str:
        """Which KEK this is, stored beside each wrapped key, e.g. `vault-transit:transit/customers`."""

    def wrap(self, keys: Sequence[bytes]) -> list[bytes]:
        """Wrap 32-byte keys, in order. Raises `KekError`; never returns a part."""

    def unwrap(self, wrapped: Sequence[bytes]) -> list[bytes | KeyWrapRefused]:
        """Unwrap, in order; an item that the KEK refuses is returned as its error.

        Raises `KekError` where the KEK as a whole cannot be used.
        """

    def version_of(self, wrapped: bytes) -> int:
        """The KEK version that wrapped this key, from 1; asks nobody. Raises `KeyWrapRefused` if malformed."""


@dataclass(frozen=True, slots=True)
class KekVersions:
    """The versions of a KEK, from 1. `newest` wraps; below `oldest_opened` nothing is unwrapped; what is below
    `oldest_kept` is deleted. `newest_since` is when `newest` was made, aware, in UTC.
    """

    newest: int
    oldest_opened: int
    oldest_kept: int
    newest_since: datetime


@runtime_checkable
class VersionedKek(KekProvider, Protocol):
    """A KEK that has versions. Its methods raise `KekError`; all but `rewrap` need a role of their own."""

    def rewrap(self, wrapped: Sequence[bytes]) -> list[bytes | KeyWrapRefused]:
        """The same keys under the newest version, in order; an item that is refused is returned as its error."""

    def versions(self) -> KekVersions:
        """As the KEK has them now."""

    def rotate(self) -> None:
        """Make a new version. Where an answer is lost it may make two, which does no harm."""

    def open_from(self, version: int) -> None:
        """Unwrap nothing below this version from now on. Lowered again by a lower number, until it is trimmed."""

    def trim_below(self, version: int) -> None:
        """Delete the versions below this one. Cannot be undone."""


@runtime_checkable
class KekDirectory(KekProvider, Protocol):
    """A KEK that also unwraps what others wrapped: while keys are moved from one KEK to another."""

    def named(self, name: str) -> KekProvider | None:
        """The KEK of this name, if it is one of these."""


class KeyStore(Protocol):
    """Keeps wrapped keys beside the data. It never sees a plaintext key.

    Every method raises `KeyStoreUnavailable` when the store cannot be reached or is locked, and
    `KeyStoreNotReady` when its tables are missing.
    """

    def create(self) -> None:
        """Create the tables where they do not exist yet."""

    def scopes(self) -> list[Scope]:
        """Every scope that has a data key, ordered by tenant (global first) and purpose."""

    def data_keys(self, scope: Scope) -> list[DataKeyRecord]:
        """The scope's data keys, destroyed ones included, by version ascending."""

    def add_primary(self, record: DataKeyRecord, *, replaces: bytes | None) -> None:
        """Store `record` as the scope's ACTIVE key and make `replaces` DECRYPT_ONLY, in one transaction.

        `replaces` is the key id that the caller saw as primary, None for the scope's first key. Raises
        `KeyStoreConflict` when the scope's primary is another one by now, or its version is taken.
        """

    def destroy_data_key(self, key_id: bytes) -> None:
        """Set DESTROYED and erase the wrapped key. Raises `KeyStoreConflict` when there is no such key."""

    def lease_uses(self, key_id: bytes, uses: int, *, limit: int) -> int | None:
        """Add `uses` to the key's count, atomically over all processes, and return the new total.

        None, and nothing is added, when the total would exceed `limit`. Raises `KeyStoreConflict` when the key
        is not ACTIVE any more.
        """

    def index_state(self, scope: Scope) -> IndexStateRecord | None:
        """The state of the scope's index keys; None where their rotation was never begun."""

    def put_index_state(self, record: IndexStateRecord, *, replaces: int | None) -> None:
        """Store `record` in place of the state of revision `replaces`, None where there is none yet.

        Its revision is the next one. Raises `KeyStoreConflict` when the state is of another revision by now.
        """

    def subject_keys(self, scope: Scope, subjects: Collection[str]) -> dict[str, SubjectKeyRecord]:
        """The keys of those of `subjects` that have one."""

    def subject_keys_by_id(self, scope: Scope, key_ids: Collection[bytes]) -> dict[bytes, SubjectKeyRecord]:
        """Those of `key_ids` that are subject keys of `scope`."""

    def add_subject_keys(self, records: Sequence[SubjectKeyRecord]) -> None:
        """Store each record whose subject has no key yet; keep what is there for the others.

        The caller reloads: after this call every subject has exactly one key, not necessarily the one offered.
        """

    def shred_subjects(self, scope: Scope, subjects: Collection[str], *, at: datetime) -> list[bytes]:
        """Delete the rows of these subjects and note their key ids as shredded, in one transaction.

        Returns the key ids. A subject without a key is passed over.
        """

    def shredded(self, key_ids: Collection[bytes]) -> dict[bytes, datetime]:
        """When each of `key_ids` was shredded, for those that were."""

    # --- for rotation ------------------------------------------------------------------------

    def data_keys_after(self, key_id: bytes | None, limit: int) -> list[DataKeyRecord]:
        """The next data keys of all scopes, destroyed ones included, by key id; None: from the first."""

    def replace_wrapped(self, changes: Sequence[RewrappedKey]) -> set[bytes]:
        """Store each data key's new wrapping and KEK, if it is still wrapped as it `was`; all in one transaction.

        Returns the key ids that were replaced. The others are left: somebody else changed or destroyed them.
        """

    def subject_keys_under(
        self, data_key_ids: Collection[bytes], *, after: bytes | None, limit: int
    ) -> list[SubjectKeyRecord]:
        """The next subject keys, of all scopes, that are wrapped under one of these data keys, by key id.

        Those that are shredded are left out: their rows must not be used.
        """

    def count_subject_keys_under(self, data_key_ids: Collection[bytes]) -> dict[bytes, int]:
        """How many subject keys, without shredded ones, each of these data keys wraps; those with none left out."""

    def replace_wrapped_subject_keys(self, changes: Sequence[RewrappedKey]) -> set[bytes]:
        """As `replace_wrapped`, for subject keys."""

    def take_lock(self, name: str, owner: str, *, at: datetime, until: datetime) -> LockRecord:
        """Take or prolong a lock that is free, is the owner's, or whose time was over `at`.

        Returns the lock as it is then: somebody else's, where they hold it.
        """

    def release_lock(self, name: str, owner: str) -> None:
        """Give up a lock, if it is the owner's."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """That somebody did something that must be accounted for: who, what, in which scope, why, how much.

    `action` is a verb of ours, e.g. `reveal`, `reidentify`, `shred`. `actor` is whom the application says it was.
    `details` holds names, key ids as hex, and counts. No part of an event is ever a value, a key or a pseudonym.
    """

    action: str
    at: datetime
    tenant: str | None = None
    actor: str | None = None
    reason: str | None = None
    details: Mapping[str, str | int] = field(default_factory=dict)


class AuditSink(Protocol):
    """Where events go. What must be accounted for does not happen if its event cannot be recorded."""

    def record(self, event: AuditEvent) -> None:
        """Return once the event is kept. Raises `AuditError`, and then the caller does not go on."""


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The last entry of an audit log: its number, from 1, and its MAC (spec audit-v1 §4)."""

    log: str
    seq: int
    mac: str


class AuditHeads(Protocol):
    """Keeps the heads of audit logs where who can cut a log short cannot write: beside the wrapped keys.

    Every method raises `KeyStoreUnavailable` and `KeyStoreNotReady` as a `KeyStore` does.
    """

    def audit_head(self, log: str) -> AuditHead | None:
        """The log's head, if it has one."""

    def put_audit_head(self, head: AuditHead, *, replaces: int | None) -> None:
        """Store the head in the place of the one with the number `replaces`, None where there is none yet.

        Raises `KeyStoreConflict` when the head is another one by now.
        """


class Clock(Protocol):
    """Time. Lifetimes use `monotonic`, so a wall clock that is set back changes nothing."""

    def monotonic(self) -> float:
        """Seconds since some point; never goes back."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC. For records that people read; never for expiry."""
