"""The statements that store keys wrapped otherwise. Each function is one work, run within one transaction.

A wrapped key is replaced only while it is what was read: of two that rewrap the same key one is passed over, and a
key that was destroyed or shredded meanwhile stays so.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, LargeBinary, Table, bindparam, func, select, update
from sqlalchemy.engine import Connection

from fieldvault.keystore import rows
from fieldvault.keystore.checks import KEY_ID_BYTES
from fieldvault.keystore.sql_subject_keys import chunks
from fieldvault.keystore.tables import data_keys, shredded_keys, subject_keys
from fieldvault.ports import RewrappedKey, SubjectKeyRecord

_WRAPPING = func.substr(subject_keys.c.wrapped, 2, KEY_ID_BYTES, type_=LargeBinary)
"""The data key's id in a wrapped subject key (spec keyring-v1 §6)."""


def replace_data_keys(connection: Connection, changes: Sequence[RewrappedKey]) -> set[bytes]:
    """The key ids that were replaced."""
    return _replace(connection, data_keys, changes, ["wrapped", "kek"])


def replace_subject_keys(connection: Connection, changes: Sequence[RewrappedKey]) -> set[bytes]:
    """The key ids that were replaced."""
    return _replace(connection, subject_keys, changes, ["wrapped"])


def under(
    connection: Connection, data_key_ids: Sequence[bytes], after: bytes | None, limit: int
) -> list[SubjectKeyRecord]:
    """The next subject keys that these data keys wrap. The primary key's index gives the order."""
    found: list[SubjectKeyRecord] = []
    for chunk in chunks(data_key_ids):
        query = select(subject_keys).where(_WRAPPING.in_(chunk), _is_usable())
        if after is not None:
            query = query.where(subject_keys.c.key_id > after)
        query = query.order_by(subject_keys.c.key_id).limit(limit)
        found += [rows.subject_key_record(row) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda record: record.key_id)[:limit]


def count_under(connection: Connection, data_key_ids: Sequence[bytes]) -> dict[bytes, int]:
    """How many subject keys each of these data keys wraps."""
    found: dict[bytes, int] = {}
    for chunk in chunks(data_key_ids):
        query = select(_WRAPPING, func.count()).where(_WRAPPING.in_(chunk), _is_usable()).group_by(_WRAPPING)
        found.update((bytes(key_id), count) for key_id, count in connection.execute(query))
    return found


def _is_usable() -> ColumnElement[bool]:
    return ~select(shredded_keys.c.key_id).where(shredded_keys.c.key_id == subject_keys.c.key_id).exists()


def _replace(
    connection: Connection, table: Table, changes: Sequence[RewrappedKey], columns: Sequence[str]
) -> set[bytes]:
    if not changes:
        return set()
    statement = (
        update(table)
        .where(table.c.key_id == bindparam("of_key"), table.c.wrapped == bindparam("was"))
        .values({name: bindparam(f"new_{name}") for name in columns})
    )
    connection.execute(
        statement,
        [
            {"of_key": one.key_id, "was": one.was} | {f"new_{name}": getattr(one, name) for name in columns}
            for one in changes
        ],
    )
    # Drivers give no count for each of many statements; but what we wrote is random, so nobody else wrote it.
    new = {one.key_id: one.wrapped for one in changes}
    replaced = set()
    for chunk in chunks(list(new)):
        query = select(table.c.key_id, table.c.wrapped).where(table.c.key_id.in_(chunk))
        for key_id, wrapped in connection.execute(query):
            if wrapped is not None and new[bytes(key_id)] == bytes(wrapped):
                replaced.add(bytes(key_id))
    return replaced
