"""The statements on the states of index keys. Each function is one work, run within one transaction."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, insert, select, update
from sqlalchemy.engine import Connection

from fieldvault.core.context import Scope
from fieldvault.errors import KeyStoreConflict
from fieldvault.keystore import rows
from fieldvault.keystore.tables import index_states
from fieldvault.ports import IndexStateRecord


def of_scope(connection: Connection, scope: Scope) -> IndexStateRecord | None:
    """The scope's state, if it has one."""
    found = connection.execute(select(index_states).where(_in(scope))).mappings().one_or_none()
    return None if found is None else rows.index_state_record(found)


def put(connection: Connection, record: IndexStateRecord, replaces: int | None) -> None:
    """Two that replace the same revision: the second waits for the first and then updates no row.

    Two that store a scope's first state: the primary key lets one through.
    """
    if replaces is None:
        connection.execute(insert(index_states), rows.index_state_values(record))
        return
    replaced = connection.execute(
        update(index_states)
        .where(_in(record.scope), index_states.c.revision == replaces)
        .values(rows.index_state_values(record))
    )
    if replaced.rowcount != 1:
        raise KeyStoreConflict(f"the state of {record.scope} is another one by now", hint="read it again")


def _in(scope: Scope) -> ColumnElement[bool]:
    values = rows.scope_values(scope)
    return and_(index_states.c.tenant == values["tenant"], index_states.c.purpose == values["purpose"])
