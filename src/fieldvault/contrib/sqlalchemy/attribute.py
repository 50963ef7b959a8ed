"""EncryptedAttribute: the descriptor of a mapped attribute that is opened when it is read.

The object's `__dict__` holds a `SealedValue`, or the plain value that was assigned and not flushed yet. SQLAlchemy
works on the `__dict__`, so loading, expiry, merging and history are its own; only reading goes through here.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm.attributes import InstrumentedAttribute, instance_state

from fieldvault.contrib.sqlalchemy.peers import open_attribute
from fieldvault.contrib.sqlalchemy.sealed_value import UNOPENED, SealedValue
from fieldvault.scoping import current_acting

_plain_get = InstrumentedAttribute.__get__


class EncryptedAttribute(InstrumentedAttribute[Any]):
    """SQLAlchemy's own attribute, made this class once its mapper is configured."""

    __slots__ = ()
    inherit_cache = True

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self
        held = instance.__dict__.get(self.key)
        if type(held) is SealedValue:
            opened, bound, acting = held.opened, held.bound, current_acting()
            if opened is not UNOPENED and (acting is None or bound is None or bound[0] == acting.tenant):
                return opened
            return open_attribute(instance_state(instance), self.key, held)
        if held is not None:
            return held  # assigned, not flushed yet
        held = _plain_get(self, instance, owner)  # a null, or not loaded yet
        return open_attribute(instance_state(instance), self.key, held) if type(held) is SealedValue else held
