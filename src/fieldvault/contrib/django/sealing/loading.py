"""Making an instance from a row.

Django's way calls `__init__`, which sets each attribute through its descriptor. Where nothing can tell the
difference (no `__init__` of the model's own, no signal, no descriptor that does more than to store), the row
becomes the instance's `__dict__` at once: half of the time that a page of rows takes.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar

from django.db.models import Model
from django.db.models.base import ModelState
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.query_utils import DeferredAttribute
from django.db.models.signals import post_init, pre_init

from fieldvault.contrib.django.sealing import opening, refreshing
from fieldvault.contrib.django.sealing.attribute import IdentityAttribute, SealedAttribute
from fieldvault.contrib.django.sealing.sealed import FromRow
from fieldvault.contrib.django.sealing.table import tables_of

Row = TypeVar("Row", bound=Model)
_STORES_ONLY = (DeferredAttribute, ForeignKeyDeferredAttribute, SealedAttribute)


def loaded(
    model: type[Row],
    by_django: Callable[..., Row],
    db: str | None,
    names: Collection[str],
    values: Collection[Any],
    later: Mapping[str, Any],
) -> Row:
    """The instance of a row, beside its peers. `names` are those of `values`, in their order."""
    peers = opening.peers_of(model, names)
    if peers.is_direct is None:
        listened = pre_init.has_listeners(model) or post_init.has_listeners(model)
        peers.is_direct = _is_plain(model) and not listened
    if peers.is_direct:
        made = model.__new__(model)
        data = made.__dict__
        state = data["_state"] = ModelState()
        data.update(zip(names, values, strict=True))
        state.__dict__.update(adding=False, db=db, fieldvault=peers)
        if later:
            state.__dict__.update((name, value) for name, value in later.items() if value is not None)
    else:
        made = by_django(db, names, list(_marked(model, names, values)), **later)
        made._state.fieldvault = peers  # type: ignore[attr-defined]
    peers.members.append(weakref.ref(made))
    if refreshing.is_under_way():
        refreshing.hand_over(made)
    return made


def _marked(model: type[Model], names: Collection[str], values: Collection[Any]) -> Iterator[Any]:
    """The values, envelopes among them as what they are: the model's own code may assign values meanwhile."""
    encrypted = {name: field for table in tables_of(model) for name, field in table.attributes.items()}
    for name, value in zip(names, values, strict=True):
        field = encrypted.get(name)
        yield value if field is None or value is None else FromRow(field, opening.as_loaded(value))


@cache
def _is_plain(model: type[Model]) -> bool:
    if model.__init__ is not Model.__init__ or model.__new__ is not object.__new__:
        return False
    return all(_stores_only(model, field.attname) for field in model._meta.concrete_fields)


def _stores_only(model: type[Model], name: str) -> bool:
    descriptor = next((base.__dict__[name] for base in model.__mro__ if name in base.__dict__), None)
    kind = type(descriptor)
    if issubclass(kind, IdentityAttribute):
        kind = kind.__mro__[2]
    return kind in _STORES_ONLY
