"""The statements on data keys. Each function is one work, run within one transaction."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, insert, select, update
from sqlalchemy.engine import Connection

from fieldvault.core.context import Scope
from fieldvault.errors import KeyStoreConflict
from fieldvault.keystore import rows
from fieldvault.keystore.tables import data_keys
from fieldvault.ports import DataKeyRecord, KeyState


def scopes(connection: Connection) -> list[Scope]:
    """Every scope that has a data key."""
    found = connection.execute(select(data_keys.c.tenant, data_keys.c.purpose).distinct())
    return rows.scopes(found.mappings())


def of_scope(connection: Connection, scope: Scope) -> list[DataKeyRecord]:
    """The scope's data keys, by version."""
    found = connection.execute(select(data_keys).where(_in(scope)).order_by(data_keys.c.version))
    return [rows.data_key_record(row) for row in found.mappings()]


def after(connection: Connection, key_id: bytes | None, limit: int) -> list[DataKeyRecord]:
    """The next data keys of all scopes, by key id."""
    query = select(data_keys).order_by(data_keys.c.key_id).limit(limit)
    if key_id is not None:
        query = query.where(data_keys.c.key_id > key_id)
    return [rows.data_key_record(row) for row in connection.execute(query).mappings()]


def add_primary(connection: Connection, record: DataKeyRecord, replaces: bytes | None) -> None:
    """Demote, then insert. Two that replace the same key: the second waits for the first and then updates no row.

    Two that add a scope's first key have no row to wait for; there the UNIQUE constraint on the primary's slot
    lets one through.
    """
    if replaces is not None:
        demoted = connection.execute(
            update(data_keys)
            .where(data_keys.c.key_id == replaces, _in(record.scope), data_keys.c.state == KeyState.ACTIVE.value)
            .values(state=KeyState.DECRYPT_ONLY.value, primary_slot=None)
        )
        if demoted.rowcount != 1:
            raise KeyStoreConflict(
                f"the primary key of {record.scope} is another one by now", hint="reload the keys"
            )
    connection.execute(insert(data_keys), rows.data_key_values(record))


def destroy(connection: Connection, key_id: bytes) -> None:
    """Erase the wrapped key; the row stays, so that what it sealed is reported as destroyed, not as unknown."""
    destroyed = connection.execute(
        update(data_keys)
        .where(data_keys.c.key_id == key_id)
        .values(state=KeyState.DESTROYED.value, wrapped=None, primary_slot=None)
    )
    if destroyed.rowcount != 1:
        raise KeyStoreConflict(f"there is no key {key_id.hex()}")


def lease_uses(connection: Connection, key_id: bytes, uses: int, limit: int) -> int | None:
    """One guarded UPDATE, so no two processes can both take the last uses."""
    is_active = and_(data_keys.c.key_id == key_id, data_keys.c.state == KeyState.ACTIVE.value)
    leased = connection.execute(
        update(data_keys).where(is_active, data_keys.c.uses <= limit - uses).values(uses=data_keys.c.uses + uses)
    )
    # Where the UPDATE matched, the row is locked until the commit, so this reads what it wrote.
    total = connection.execute(select(data_keys.c.uses).where(is_active)).scalar_one_or_none()
    if total is None:
        raise KeyStoreConflict(f"key {key_id.hex()} is not ACTIVE", hint="reload the keys")
    return int(total) if leased.rowcount == 1 else None


def _in(scope: Scope) -> ColumnElement[bool]:
    values = rows.scope_values(scope)
    return and_(data_keys.c.tenant == values["tenant"], data_keys.c.purpose == values["purpose"])
