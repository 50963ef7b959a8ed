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
from typing import Protocol

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


class Clock(Protocol):
    """Time. Lifetimes use `monotonic`, so a wall clock that is set back changes nothing."""

    def monotonic(self) -> float:
        """Seconds since some point; never goes back."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC. For records that people read; never for expiry."""
