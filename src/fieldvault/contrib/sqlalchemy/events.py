"""The events of SQLAlchemy that encrypted attributes live by. They hold no key: each looks at what it is given.

Listened to from the first model that has anything sealed, so an application without one pays nothing.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.orm import InstanceState, Mapper, QueryContext, Session

from fieldvault.contrib.sqlalchemy.attribute import EncryptedAttribute
from fieldvault.contrib.sqlalchemy.compiled import before_cursor_execute
from fieldvault.contrib.sqlalchemy.flushing import before_flush
from fieldvault.contrib.sqlalchemy.model_binding import ModelBinding
from fieldvault.contrib.sqlalchemy.peers import loaded
from fieldvault.contrib.sqlalchemy.statements import before_execute


@event.listens_for(Mapper, "after_mapper_constructed")
def _bind(mapper: Mapper[Any], mapped: type[Any]) -> None:
    model = ModelBinding.make(mapper)
    if model is None:
        return
    _listen()
    for key in model.attributes:
        # A descriptor of ours that stays SQLAlchemy's own: the same object and slots, another class.
        mapper.class_manager[key].__class__ = EncryptedAttribute
    if mapper.inherits is None or ModelBinding.of(mapper.inherits) is None:
        event.listen(mapped, "load", loaded, raw=True, propagate=True)
        event.listen(mapped, "refresh", _refreshed, raw=True, propagate=True)
    if model.to_remember:
        event.listen(mapped, "load", _remember, raw=True)
        event.listen(mapped, "refresh", _remember, raw=True)


@event.listens_for(Mapper, "mapper_configured")
def _bring_along(mapper: Mapper[Any], mapped: type[Any]) -> None:
    """What values are bound to comes along with `load_only`, as the primary key does; reading costs no query."""
    model = ModelBinding.of(mapper)
    if model is not None:
        model.refuse_second_attributes()
        bound = {column for part in model.parts for column in part.binding.row_id.values()}
        mapper._should_undefer_in_wildcard.update(bound | _tenant_columns(model))


@cache
def _listen() -> None:
    event.listen(Session, "before_flush", before_flush)
    event.listen(Engine, "before_execute", before_execute, retval=True)
    event.listen(Engine, "before_cursor_execute", before_cursor_execute)


def _refreshed(state: InstanceState[Any], context: QueryContext, attributes: Any) -> None:
    loaded(state, context)


def _remember(state: InstanceState[Any], context: QueryContext, attributes: Any = None) -> None:
    model = ModelBinding.of(state.mapper)
    if model is not None:
        model.remember(state, state.dict)


def _tenant_columns(model: ModelBinding) -> set[Any]:
    return {
        part.binding.table.c[name]
        for part in model.parts
        for name in part.bound_to
        if name not in part.binding.row_id and name in part.binding.table.c
    }
