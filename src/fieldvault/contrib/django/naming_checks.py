"""System check of `__str__` and `natural_key`: Django writes what they give to places that nobody encrypts.

The admin keeps `str(row)` in its log of changes, in plain text; lists of choices, messages and fixtures show it.
The check reads the names that the code of the two uses. It follows the model's own methods and properties; what
is read by other ways (`getattr`, functions elsewhere) it does not see.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from django.apps import apps
from django.core import checks
from django.db import models
from django.utils.functional import cached_property

from fieldvault.contrib.django.sealing.table import tables_of

_METHODS = ("__str__", "natural_key")


def check_names(**_: Any) -> list[checks.CheckMessage]:
    """Every installed model: one with encrypted fields, or one that names such a model's."""
    return [
        checks.Error(
            f"{model._meta.label}.{method} reads {', '.join(read)}: the admin's log, or fixtures, keep it",
            hint="name the row by its key, or by a plain column",
            obj=model,
            id="fieldvault.E008",
        )
        for model in apps.get_models()
        for method in _METHODS
        if (read := _encrypted_names_in(model, method))
    ]


def _encrypted_names_in(model: type[models.Model], method: str) -> list[str]:
    names = set(_names_in(model, method, set()))
    shown = _shown_by(model) & names
    for field in model._meta.concrete_fields:
        if field.is_relation and field.name in names and isinstance(field.related_model, type):
            shown |= {f"{field.name}.{name}" for name in _shown_by(field.related_model) & names}
    return sorted(shown)


def _shown_by(model: type[models.Model]) -> set[str]:
    """Attributes that give an opened value. Protected ones give a mask."""
    return {name for table in tables_of(model) if not table.is_protected for name in table.attributes}


def _names_in(model: type[models.Model], attribute: str, seen: set[str]) -> Iterator[str]:
    """What the code of a method or property of the model names, and the code of those that it names."""
    found: Any = next((base.__dict__[attribute] for base in model.__mro__ if attribute in base.__dict__), None)
    if isinstance(found, property):
        found = found.fget
    elif isinstance(found, cached_property):
        found = found.func
    if attribute in seen or not isinstance(found, FunctionType) or found.__module__.startswith("django."):
        return
    seen.add(attribute)
    for name in set(_names_of(found.__code__)):
        yield name
        yield from _names_in(model, name, seen)


def _names_of(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_of(constant)
