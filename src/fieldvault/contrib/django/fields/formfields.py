"""Form fields of encrypted fields: those of the plain field, which open their initial value to show it.

With `replaces_only` (the admin, for whoever may not see values) nothing is shown of a row that is there: what is
typed replaces the value, and an empty input keeps it. A new row's inputs are like any other's.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django import forms

from fieldvault.access import Protected
from fieldvault.contrib.django.sealing.sealed import InInstance


class Keep:
    """What a form says of a value that stays as it is. One for each: what stays in two forms is unlike."""

    def __repr__(self) -> str:
        return "<keep>"


class OpeningFormField:
    """Mixed into a form field. Its initial value is what `value_from_object` gives: sealed."""

    replaces_only = False
    _keeps = False
    """Whether the form is of a row that is there. Each form has fields of its own."""

    def get_bound_field(self, form: Any, field_name: str) -> Any:
        instance = getattr(form, "instance", None)
        if self.replaces_only and instance is not None and not instance._state.adding:
            self._keeps, self.required = True, False
            self.widget.attrs["placeholder"] = "unchanged"  # type: ignore[attr-defined]
        return super().get_bound_field(form, field_name)  # type: ignore[misc]

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, InInstance):
            if self.replaces_only:
                return None
            value = _opened(value)
        return super().prepare_value(value)  # type: ignore[misc]

    def has_changed(self, initial: Any, data: Any) -> bool:
        if isinstance(initial, InInstance):
            if self.replaces_only:
                return data not in self.empty_values  # type: ignore[attr-defined]
            initial = _opened(initial)
        return bool(super().has_changed(initial, data))  # type: ignore[misc]

    def clean(self, value: Any) -> Any:
        if isinstance(value, InInstance):
            return Keep()  # a disabled input gives back what it started from
        if self._keeps and value in self.empty_values:  # type: ignore[attr-defined]
            return Keep()
        return super().clean(value)  # type: ignore[misc]


def opening_form_field(made: forms.Field) -> forms.Field:
    """The same form field, opening."""
    kind: Any = type(made)
    made.__class__ = _opening(kind)
    return made


@cache
def _opening(kind: Any) -> Any:
    return type(f"Opening{kind.__name__}", (OpeningFormField, kind), {})


def _opened(sealed: InInstance) -> Any:
    value = sealed.open()
    return str(value) if isinstance(value, Protected) else value
