"""What a key store refuses to be given. Every store asks here, so they all refuse the same.

1. A refusal is a `KeyStoreError` and names at most the key id: never the subject, never the wrapped key.
2. What is refused here is a fault of the calling program. An outage and a conflict have classes of their own.
3. The limits are the narrowest of the databases', so that what one store keeps, every other could.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from fieldvault.core.context import MAX_NAME_BYTES, encode_name
from fieldvault.errors import KeyStoreError
from fieldvault.ports import (
    DataKeyRecord,
    IndexPhase,
    IndexStateRecord,
    KeyState,
    RewrappedKey,
    SubjectKeyRecord,
)

KEY_ID_BYTES = 16
MAX_WRAPPED_BYTES = 65_535
"""A MySQL BLOB. Vault's wrapped keys are about 100 bytes, a local KEK's 60."""
MAX_VERSION = 2**31 - 1
MAX_USES = 2**62
"""Two of them still add up within the 63 bits of a BIGINT; NIST's limit is 2^32."""


def data_key(record: DataKeyRecord) -> DataKeyRecord:
    """`record` as it will come back: `created_at` in UTC. Raises `KeyStoreError` if it cannot be a new primary."""
    check_key_id(record.key_id)
    if record.state is not KeyState.ACTIVE:
        raise KeyStoreError(f"key {record.key_id.hex()} is to become primary but is not ACTIVE")
    if not 1 <= record.version <= MAX_VERSION:
        raise KeyStoreError(f"key {record.key_id.hex()} has a version outside 1 to {MAX_VERSION}")
    if not 0 <= record.uses <= MAX_USES:
        raise KeyStoreError(f"key {record.key_id.hex()} has a number of uses outside 0 to 2^62")
    _check_kek(record.kek)
    _check_wrapped(record.key_id, record.wrapped)
    return replace(record, created_at=utc(record.created_at))


def subject_keys(records: Sequence[SubjectKeyRecord]) -> list[SubjectKeyRecord]:
    """The records to offer: the first of each subject, ordered by scope and subject, `created_at` in UTC.

    The order is the same for every caller, so two bulk inserts lock rows in the same order and cannot deadlock.
    """
    first: dict[tuple[str, str, str], SubjectKeyRecord] = {}
    for record in records:
        check_key_id(record.key_id)
        encode_name(record.subject, "subject")
        _check_wrapped(record.key_id, record.wrapped)
        place = (record.scope.tenant or "", record.scope.purpose, record.subject)
        if place not in first:
            first[place] = replace(record, created_at=utc(record.created_at))
    return [first[place] for place in sorted(first)]


def subjects(names: Iterable[str]) -> list[str]:
    """Each name once, sorted. Raises `SchemaError` (without the name) for one that cannot be a subject."""
    distinct = sorted(set(names))
    for name in distinct:
        encode_name(name, "subject")
    return distinct


def key_ids(ids: Iterable[bytes]) -> list[bytes]:
    """Each key id once, sorted. One of another length than 16 cannot be in any store and is left out."""
    return sorted({key_id for key_id in ids if len(key_id) == KEY_ID_BYTES})


def lease(uses: int, limit: int) -> None:
    """Raises `KeyStoreError` unless a lease of `uses` under `limit` makes sense."""
    if not (1 <= uses <= MAX_USES and 0 <= limit <= MAX_USES):
        raise KeyStoreError("a lease is of 1 to 2^62 uses, under a limit of 0 to 2^62")


def rewrapped(changes: Iterable[RewrappedKey], *, data_keys: bool) -> list[RewrappedKey]:
    """The changes, ordered by key id, so that all lock rows in the same order. Raises `KeyStoreError`."""
    found = sorted(changes, key=lambda change: change.key_id)
    for change in found:
        check_key_id(change.key_id)
        _check_wrapped(change.key_id, change.wrapped)
        if data_keys:
            _check_kek(change.kek or "")
    return found


def wrapping_key_id(wrapped: bytes) -> bytes:
    """The data key that a subject key is wrapped under, as its own form says (spec keyring-v1 §6)."""
    return wrapped[1 : 1 + KEY_ID_BYTES]


def lock(name: str, owner: str) -> None:
    """Raises `KeyStoreError` unless these can be a lock's name and owner."""
    for what, text in (("name", name), ("owner", owner)):
        if not (text.isprintable() and 1 <= len(text.encode(errors="replace")) <= MAX_NAME_BYTES):
            raise KeyStoreError(f"a lock's {what} must be 1 to {MAX_NAME_BYTES} printable bytes of UTF-8")


def index_state(record: IndexStateRecord, replaces: int | None) -> IndexStateRecord:
    """`record` as it will come back: `since` in UTC. Raises `KeyStoreError` if no state can be like that."""
    versions = (record.version, record.version if record.next_version is None else record.next_version)
    if not all(1 <= version <= MAX_VERSION for version in versions):
        raise KeyStoreError(f"a state of index keys has a version outside 1 to {MAX_VERSION}")
    if (record.phase is IndexPhase.STABLE) != (record.next_version is None) or versions[0] > versions[1]:
        raise KeyStoreError("a state of index keys goes to a later version, or is stable")
    if record.revision != (replaces or 0) + 1 or not 1 <= record.revision <= MAX_VERSION:
        raise KeyStoreError("a state of index keys is of the revision after the one that it replaces")
    return replace(record, since=utc(record.since))


def utc(moment: datetime) -> datetime:
    """The same moment in UTC. Raises `KeyStoreError` for a naive one, which could be any of 26 hours."""
    if moment.utcoffset() is None:
        raise KeyStoreError("a key store takes aware datetimes only")
    return moment.astimezone(UTC)


def check_key_id(key_id: bytes) -> None:
    """Raises `KeyStoreError` unless this is 16 bytes."""
    if not (isinstance(key_id, bytes) and len(key_id) == KEY_ID_BYTES):
        raise KeyStoreError(f"a key id is {KEY_ID_BYTES} bytes")


def _check_kek(name: str) -> None:
    if not (name.isprintable() and 1 <= len(name.encode(errors="replace")) <= MAX_NAME_BYTES):
        raise KeyStoreError(f"the KEK's name must be 1 to {MAX_NAME_BYTES} printable bytes of UTF-8")


def _check_wrapped(key_id: bytes, wrapped: bytes | None) -> None:
    if not (isinstance(wrapped, bytes) and 1 <= len(wrapped) <= MAX_WRAPPED_BYTES):
        raise KeyStoreError(f"the wrapped key of {key_id.hex()} must be 1 to {MAX_WRAPPED_BYTES} bytes")
