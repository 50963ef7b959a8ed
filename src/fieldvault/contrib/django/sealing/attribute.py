"""The descriptors on a model: encrypted attributes, and those that a row's values are bound to.

Rules of this file:

1. What an instance keeps under an encrypted attribute: None; `bytes`, an envelope that came with the row, whose
   value is in the instance's `_state` once it is open; or a `Sealed`. The descriptor gives the value.
2. Assigning a value makes a new `Sealed` without an envelope; one that is equal to what was opened changes nothing.
3. Assigning what a row is bound to remembers what it was: what is sealed still opens, and saving seals it anew.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.db.models.query_utils import DeferredAttribute

from fieldvault.attempts import attempt
from fieldvault.contrib.django.sealing import opening
from fieldvault.contrib.django.sealing.sealed import (
    CLOSED,
    Assigned,
    FromRow,
    HandedOver,
    InInstance,
    Sealed,
)
from fieldvault.errors import WriteRefused

_MISSING = object()
_COMPARABLE = frozenset((str, bytes, int, bool))
"""Types whose equal values are the same value; True == 1 and Decimal('1.0') == Decimal('1.00') are not."""


class SealedAttribute(DeferredAttribute):
    """An encrypted field's attribute."""

    field: Any

    def __init__(self, field: Any) -> None:
        super().__init__(field)
        self.attname: str = field.attname
        self.opened = opening.opened_name(field)

    def __get__(self, instance: Model | None, cls: type[Model] | None = None) -> Any:
        if instance is None:
            return self
        data = instance.__dict__
        sealed = data.get(self.attname, _MISSING)
        if type(sealed) is bytes:
            value = data["_state"].__dict__.get(self.opened, _MISSING)
            if value is not _MISSING:
                return value
        elif type(sealed) is Sealed and sealed.value is not CLOSED:
            return sealed.value
        if sealed is _MISSING:
            super().__get__(instance, cls)  # deferred: loads it
            sealed = instance.__dict__[self.attname]
        if sealed is None:
            return None
        if type(sealed) is HandedOver:
            return sealed.sealed
        return attempt(opening.open_with_peers, instance, self.field).or_raise()

    def __set__(self, instance: Model, value: Any) -> None:
        data, attname = instance.__dict__, self.attname
        if type(value) is InInstance:
            value = value.open()
        if value is None:
            data[attname] = None
        elif type(value) is FromRow:
            data[attname] = value.envelope
            data["_state"].__dict__.pop(self.opened, None)
        elif isinstance(value, Sealed):
            data[attname] = self._assigned(value)
        elif hasattr(value, "resolve_expression"):
            raise WriteRefused(
                f"{self.field.label} is sealed here, so the database cannot compute it",
                hint="assign a value",
            )
        else:
            kept = data.get(attname)
            if type(kept) is bytes:
                before = data["_state"].__dict__.get(self.opened)
            else:
                before = kept.value if type(kept) is Sealed else None
            if not (type(value) in _COMPARABLE and _is_same(before, value)):
                data[attname] = Sealed(self.field, None, value)

    def _assigned(self, value: Sealed) -> Sealed:
        if value.field.sealed_field.name != self.field.sealed_field.name or value.field.model != self.field.model:
            raise WriteRefused(
                f"what is sealed as {value.field.label} does not open as {self.field.label}",
                hint="assign its opened value",
            )
        return value if value.envelope is None else Assigned(self.field, value.envelope)


class IdentityAttribute:
    """Mixed into the descriptor of a row id, tenant or subject: notes the first value that is replaced."""

    field: Any

    def __set__(self, instance: Model, value: Any) -> None:
        data, attname = instance.__dict__, self.field.attname
        before = data.get(attname)
        if before is not None and before != value:
            opening.remember_identity(instance, attname, before)
        inherited = getattr(super(), "__set__", None)
        if inherited is None:
            data[attname] = value
        else:
            inherited(instance, value)


def watch_identity(model: type[Model], attname: str) -> None:
    """Make a model's attribute an `IdentityAttribute`, whatever descriptor it has."""
    descriptor = next((base.__dict__[attname] for base in model.__mro__ if attname in base.__dict__), None)
    if descriptor is None or isinstance(descriptor, IdentityAttribute):
        return
    kind = type(f"Identity{type(descriptor).__name__}", (IdentityAttribute, type(descriptor)), {})
    setattr(model, attname, kind(descriptor.field))


def _is_same(kept: Any, value: Any) -> bool:
    return type(kept) is type(value) and bool(kept == value)
