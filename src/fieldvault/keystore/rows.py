"""Between a record of the port and a row of the tables. A malformed row is an error that names its key id.

What is refused is reported with `if`, not by catching: an exception's context must not hold a row's content.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol

from fieldvault.core.context import Scope
from fieldvault.errors import KeyStoreError, ScopeError
from fieldvault.keystore.checks import KEY_ID_BYTES
from fieldvault.ports import DataKeyRecord, IndexPhase, IndexStateRecord, KeyState, SubjectKeyRecord


class Row(Protocol):
    """What a database gave: a value for each column's name."""

    def __getitem__(self, column: str, /) -> Any: ...


_STATES = {state.value: state for state in KeyState}
_PHASES = {phase.value: phase for phase in IndexPhase}


def data_key_values(record: DataKeyRecord) -> dict[str, Any]:
    """The row of a new ACTIVE data key."""
    return {
        "key_id": record.key_id,
        **scope_values(record.scope),
        "version": record.version,
        "state": record.state.value,
        "primary_slot": 1,
        "kek": record.kek,
        "wrapped": record.wrapped,
        "created_at": time_text(record.created_at),
        "uses": record.uses,
    }


def subject_key_values(record: SubjectKeyRecord) -> dict[str, Any]:
    """The row of a new subject key."""
    return {
        "key_id": record.key_id,
        **scope_values(record.scope),
        "subject": record.subject,
        "wrapped": record.wrapped,
        "created_at": time_text(record.created_at),
    }


def index_state_values(record: IndexStateRecord) -> dict[str, Any]:
    """The row of a state of index keys."""
    return {
        **scope_values(record.scope),
        "phase": record.phase.value,
        "version": record.version,
        "next_version": record.next_version,
        "since": time_text(record.since),
        "revision": record.revision,
    }


def scope_values(scope: Scope) -> dict[str, str]:
    """A scope's two columns."""
    return {"tenant": scope.tenant or "", "purpose": scope.purpose}


def data_key_record(row: Row) -> DataKeyRecord:
    """The record of a row. Raises `KeyStoreError` for one that this library cannot have written."""
    key_id = _key_id(row)
    state = _STATES.get(_text(row, "state", key_id))
    if state is None:
        raise _malformed(key_id, "its state is unknown")
    wrapped = row["wrapped"]
    if (wrapped is None) != (state is KeyState.DESTROYED):
        raise _malformed(key_id, "it is destroyed and still has its wrapped key, or the other way round")
    return DataKeyRecord(
        key_id=key_id,
        scope=_scope(row, key_id),
        version=_count(row, "version", key_id),
        state=state,
        kek=_text(row, "kek", key_id),
        wrapped=None if wrapped is None else _binary(row, "wrapped", key_id),
        created_at=_time(row, "created_at", key_id),
        uses=_count(row, "uses", key_id),
    )


def subject_key_record(row: Row) -> SubjectKeyRecord:
    """The record of a row. Raises `KeyStoreError` for one that this library cannot have written."""
    key_id = _key_id(row)
    return SubjectKeyRecord(
        key_id=key_id,
        scope=_scope(row, key_id),
        subject=_text(row, "subject", key_id),
        wrapped=_binary(row, "wrapped", key_id),
        created_at=_time(row, "created_at", key_id),
    )


def index_state_record(row: Row) -> IndexStateRecord:
    """The record of a row. Raises `KeyStoreError` for one that this library cannot have written."""
    phase = _PHASES.get(row["phase"])
    if phase is None:
        raise _malformed(None, "its phase is unknown")
    following = row["next_version"]
    if (phase is IndexPhase.STABLE) != (following is None):
        raise _malformed(None, "it is stable and goes to another version, or the other way round")
    return IndexStateRecord(
        scope=_scope(row, None),
        phase=phase,
        version=_count(row, "version", None),
        next_version=None if following is None else _count(row, "next_version", None),
        since=_time(row, "since", None),
        revision=_count(row, "revision", None),
    )


def shredded_entry(row: Row) -> tuple[bytes, datetime]:
    """Key id and time of a tombstone."""
    key_id = _key_id(row)
    return key_id, _time(row, "shredded_at", key_id)


def scopes(rows: Iterable[Row]) -> list[Scope]:
    """The scopes of these rows, ordered by tenant (global first) and purpose: by code point, in every database."""
    found = [_scope(row, None) for row in rows]
    return sorted(found, key=lambda scope: (scope.tenant or "", scope.purpose))


def time_text(moment: datetime) -> str:
    """`2026-01-31T09:00:00.000000Z`, for a moment in UTC."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _key_id(row: Row) -> bytes:
    key_id = row["key_id"]
    if not (isinstance(key_id, bytes) and len(key_id) == KEY_ID_BYTES):
        shown = key_id[:KEY_ID_BYTES] if isinstance(key_id, bytes) else None
        raise _malformed(shown, f"its key id is not {KEY_ID_BYTES} bytes")
    return key_id


def _scope(row: Row, key_id: bytes | None) -> Scope:
    with suppress(ScopeError, TypeError, AttributeError):
        return Scope(row["tenant"] or None, row["purpose"])
    raise _malformed(key_id, "its tenant or purpose is not a scope's")


def _text(row: Row, column: str, key_id: bytes | None) -> str:
    value = row[column]
    if not isinstance(value, str):
        raise _malformed(key_id, f"its {column} is not text")
    return value


def _binary(row: Row, column: str, key_id: bytes) -> bytes:
    value = row[column]
    if not (isinstance(value, bytes) and value):
        raise _malformed(key_id, f"its {column} is not binary or is empty")
    return value


def _count(row: Row, column: str, key_id: bytes | None) -> int:
    value = row[column]
    if not (isinstance(value, int) and value >= 0):
        raise _malformed(key_id, f"its {column} is not a count")
    return value


def _time(row: Row, column: str, key_id: bytes | None) -> datetime:
    moment = None
    with suppress(ValueError):
        moment = datetime.fromisoformat(_text(row, column, key_id))
    if moment is None or moment.utcoffset() is None:
        raise _malformed(key_id, f"its {column} is not an ISO 8601 time with a zone")
    return moment.astimezone(UTC)


def _malformed(key_id: bytes | None, what: str) -> KeyStoreError:
    name = "a row without a readable key id" if key_id is None else f"the row of key {key_id.hex()}"
    return KeyStoreError(
        f"{name} in the key store is malformed: {what}",
        hint="the table was altered by something other than fieldvault; restore the row from a backup",
    )
