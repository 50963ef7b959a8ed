"""The statements on subjects' keys. Each function is one work, run within one transaction.

Lists are sent in chunks: SQLite takes 999 parameters a statement before 3.32, PostgreSQL 65,535. On PostgreSQL each
chunk is planned by itself: a prepared statement's generic plan compares every row with every item of the list
(measured: 270 s instead of 2 s for 100,000 subjects).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, delete, func, select, text, tuple_
from sqlalchemy.engine import Connection

from fieldvault.core.context import Scope
from fieldvault.errors import KeyStoreConflict
from fieldvault.keystore import rows
from fieldvault.keystore.sql_schema import insert_absent
from fieldvault.keystore.tables import shredded_keys, subject_keys
from fieldvault.ports import SubjectKeyRecord

CHUNK = 900

T = TypeVar("T")


def by_subject(connection: Connection, scope: Scope, subjects: Sequence[str]) -> dict[str, SubjectKeyRecord]:
    """The keys of those subjects that have one."""
    _plan_each_chunk(connection)
    found = {}
    for chunk in chunks(subjects):
        for row in connection.execute(
            select(subject_keys).where(_in(scope), subject_keys.c.subject.in_(chunk))
        ).mappings():
            record = rows.subject_key_record(row)
            found[record.subject] = record
    return found


def by_id(connection: Connection, scope: Scope, key_ids: Sequence[bytes]) -> dict[bytes, SubjectKeyRecord]:
    """Those key ids that are subject keys of the scope."""
    _plan_each_chunk(connection)
    found = {}
    for chunk in chunks(key_ids):
        for row in connection.execute(
            select(subject_keys).where(_in(scope), subject_keys.c.key_id.in_(chunk))
        ).mappings():
            record = rows.subject_key_record(row)
            found[record.key_id] = record
    return found


def add(connection: Connection, records: Sequence[SubjectKeyRecord]) -> None:
    """Insert each record whose subject has no key. A key id that was shredded never comes back."""
    for chunk in chunks(records):
        back = shredded(connection, [record.key_id for record in chunk])
        if back:
            raise KeyStoreConflict(f"key {min(back).hex()} was shredded and cannot come back")
        connection.execute(
            insert_absent(connection, subject_keys, ["tenant", "purpose", "subject"]),
            [rows.subject_key_values(record) for record in chunk],
        )
    if connection.dialect.name in ("mysql", "mariadb"):
        _check_nobody_was_passed_over(connection, records)


def shred(connection: Connection, scope: Scope, subjects: Sequence[str], at: datetime) -> list[bytes]:
    """Delete and note. Two that shred the same subject: the second waits, then finds nothing left to shred."""
    _plan_each_chunk(connection)
    gone: list[bytes] = []
    for chunk in chunks(subjects):
        gone += connection.execute(
            select(subject_keys.c.key_id)
            .where(_in(scope), subject_keys.c.subject.in_(chunk))
            .order_by(subject_keys.c.subject)  # everybody locks in the same order
            .with_for_update()
        ).scalars()
    for keys in chunks(gone):
        connection.execute(delete(subject_keys).where(subject_keys.c.key_id.in_(keys)))
        connection.execute(
            insert_absent(connection, shredded_keys, ["key_id"]),
            [{"key_id": key_id, "shredded_at": rows.time_text(at)} for key_id in keys],
        )
    return sorted(gone)


def shredded(connection: Connection, key_ids: Sequence[bytes]) -> dict[bytes, datetime]:
    """When each of these was shredded, for those that were."""
    _plan_each_chunk(connection)
    found: dict[bytes, datetime] = {}
    for chunk in chunks(key_ids):
        query = select(shredded_keys).where(shredded_keys.c.key_id.in_(chunk))
        found.update(rows.shredded_entry(row) for row in connection.execute(query).mappings())
    return found


def _plan_each_chunk(connection: Connection) -> None:
    """For the rest of this transaction only, so that a shared connection stays as the application set it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))


def _check_nobody_was_passed_over(connection: Connection, records: Sequence[SubjectKeyRecord]) -> None:
    """MySQL cannot name the constraint: a key id that is another subject's would be passed over as well."""
    place = tuple_(subject_keys.c.tenant, subject_keys.c.purpose, subject_keys.c.subject)
    for chunk in chunks(records):
        wanted = [(record.scope.tenant or "", record.scope.purpose, record.subject) for record in chunk]
        if connection.execute(select(func.count()).where(place.in_(wanted))).scalar_one() != len(wanted):
            raise KeyStoreConflict("a key id is another subject's")


def _in(scope: Scope) -> ColumnElement[bool]:
    values = rows.scope_values(scope)
    return and_(subject_keys.c.tenant == values["tenant"], subject_keys.c.purpose == values["purpose"])


def chunks(items: Sequence[T]) -> Iterator[list[T]]:
    """Lists short enough for one statement each."""
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
