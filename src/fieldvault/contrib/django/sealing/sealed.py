"""Sealed: what an instance keeps for an encrypted field, and what `values()` gives.

Rules of this file:

1. It never shows its value: not in `repr`, `str` or `format`, not when pickled or copied to another process. So a
   debug page, `vars(instance)` and a cache of instances hold envelopes.
2. It is not its value. It equals nothing but itself, and no field or look-up takes it for a value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.db.models import Model

from fieldvault.attempts import attempt
from fieldvault.core.envelope import ENVELOPE_PREFIX, to_text
from fieldvault.errors import OpenError, PendingNotPickled

if TYPE_CHECKING:
    from fieldvault.contrib.django.fields.base import EncryptedField


class _Closed:
    """Stands for a value that has not been opened."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<not opened>"


CLOSED: Final = _Closed()


class Sealed:
    """An envelope of one field, and its value once that is open; or a value that has no envelope yet.

    `values()`, `values_list()` and annotations give it without its row: `open(row_id=…)` names the row.
    """

    __slots__ = ("envelope", "field", "value")

    def __init__(self, field: EncryptedField, envelope: bytes | None, value: Any = CLOSED) -> None:
        self.field = field
        self.envelope = envelope
        self.value = value

    @property
    def is_closed(self) -> bool:
        """Whether there is only the envelope."""
        return self.value is CLOSED

    @property
    def text(self) -> str:
        """The envelope as text, `fv1.…`. Raises `PendingNotPickled` where there is none yet."""
        return to_text(ENVELOPE_PREFIX, self._envelope())

    def open(self, *, row_id: Any = None, tenant: str | None = None, subject: Any = None) -> Any:
        """The value. `row_id` is what the row is bound to: `Model.fieldvault_row_id_of(…)` says which column.

        `tenant` is by default the scope's. Raises the `OpenError` that refuses it.
        """
        from fieldvault.contrib.django.sealing.opening import open_alone

        outcome = attempt(open_alone, self, row_id, tenant, subject)
        return outcome.or_raise()

    def _envelope(self) -> bytes:
        if self.envelope is None:
            raise PendingNotPickled(f"{self.field.label} is not sealed yet", hint="save the instance first")
        return self.envelope

    def __repr__(self) -> str:
        return f"<sealed {self.field.label}>"

    def __reduce__(self) -> tuple[Callable[..., Sealed], tuple[Any, ...]]:
        model = self.field.model._meta
        return _restored, (type(self), model.label, self.field.name, self._envelope())

    def __copy__(self) -> Sealed:
        return self

    def __deepcopy__(self, memo: object) -> Sealed:
        return self  # it changes only from closed to open, which is the same for every holder


class Assigned(Sealed):
    """An envelope that did not come with its row: put there by a program. Checked before it is written."""

    __slots__ = ()


class FromRow(Sealed):
    """An envelope that is on its way from the row into the instance: known to be the row's own."""

    __slots__ = ()


class Refused(Sealed):
    """An envelope that was refused at opening, and why; each access raises it anew."""

    __slots__ = ("error",)

    def __init__(self, field: EncryptedField, envelope: bytes | None, error: OpenError) -> None:
        super().__init__(field, envelope)
        self.error = error

    def __reduce__(self) -> tuple[Callable[..., Sealed], tuple[Any, ...]]:
        model = self.field.model._meta
        return _restored, (Sealed, model.label, self.field.name, self._envelope())


class HandedOver(Sealed):
    """Stands in an instance while Django copies its columns: reading the attribute gives `sealed`, unopened.

    `kept` is what the instance had, and gets back.
    """

    __slots__ = ("kept", "sealed")

    def __init__(self, sealed: Sealed, kept: Any) -> None:
        super().__init__(sealed.field, sealed.envelope)
        self.sealed = sealed
        self.kept = kept


class InInstance:
    """An instance's encrypted attribute, not read yet:

    what forms start from, and what serializers must not show.
    """

    __slots__ = ("_instance", "field")

    def __init__(self, instance: Model, field: EncryptedField) -> None:
        self._instance = instance
        self.field = field

    def open(self) -> Any:
        """The attribute's value. Raises the `OpenError` that refuses it."""
        return getattr(self._instance, self.field.attname)

    def __repr__(self) -> str:
        return f"<sealed {self.field.label}>"


def _restored(kind: type[Sealed], model: str, name: str, envelope: bytes) -> Sealed:
    return kind(apps.get_model(model)._meta.get_field(name), envelope)
