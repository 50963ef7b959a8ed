"""The mapper events that a `Password` column lives by, registered once for every mapped class.

- set: a str becomes a `StoredPassword`; `Mutable` then notes whose attribute it is.
- before update: an upgrade is dropped where the row holds something else by now, so a changed password wins.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, event, select
from sqlalchemy.orm import InstanceState, Mapper, object_mapper
from sqlalchemy.orm.attributes import instance_state, set_committed_value

from fieldvault.contrib.sqlalchemy.password_type import Password
from fieldvault.contrib.sqlalchemy.stored_password import StoredPassword


@event.listens_for(Mapper, "mapper_configured")
def _watch_password_columns(mapper: Mapper[Any], mapped: type[Any]) -> None:
    own = [(key, column) for key, column in _password_columns(mapper) if not _is_inherited(mapper, key)]
    for key, column in own:
        attribute = getattr(mapped, key)
        # Before Mutable's listener, which must see the StoredPassword.
        event.listen(attribute, "set", partial(_hash, column.type), retval=True, propagate=True)
        StoredPassword.associate_with_attribute(attribute)
    if own:
        event.listen(mapped, "before_update", _keep_what_was_changed_meanwhile, propagate=True)


def _hash(column_type: Any, target: Any, value: Any, old: Any, initiator: Any) -> Any:
    return column_type.hashed(value)


def _keep_what_was_changed_meanwhile(mapper: Mapper[Any], connection: Connection, target: Any) -> None:
    state = instance_state(target)
    for key, column in _password_columns(object_mapper(target)):
        value = target.__dict__.get(key)
        if not isinstance(value, StoredPassword) or value.replaces is None:
            continue
        if state.attrs[key].history.has_changes():
            # The lock holds until our UPDATE. SQLite has no FOR UPDATE; there, a write over a newer snapshot fails.
            found = connection.execute(_select(column, state).with_for_update()).scalar()
            if found is not None and not value.settle(found):
                set_committed_value(target, key, value)


def _select(column: Any, state: InstanceState[Any]) -> Select[Any]:
    mapper = state.mapper
    row = zip(mapper.primary_key, state.identity or (), strict=True)
    return select(column).select_from(mapper.persist_selectable).where(*(key == value for key, value in row))


def _password_columns(mapper: Mapper[Any]) -> list[tuple[str, Any]]:
    found = ((one.key, one.columns[0]) for one in mapper.column_attrs)
    return [(key, column) for key, column in found if isinstance(column.type, Password)]


def _is_inherited(mapper: Mapper[Any], key: str) -> bool:
    return mapper.inherits is not None and not mapper.concrete and mapper.inherits.has_property(key)
