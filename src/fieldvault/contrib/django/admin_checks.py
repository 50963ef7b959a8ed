"""System checks of the admin: what would show opened values, and what cannot work on an encrypted field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core import checks

from fieldvault.contrib.django.sealing.table import tables_of

if TYPE_CHECKING:
    from fieldvault.contrib.django.fields.base import EncryptedField

_NOT_ANSWERED = ("list_filter", "list_editable", "ordering")


def check_admin(**_: Any) -> list[checks.CheckMessage]:
    """Every admin, and every inline, of a model with encrypted fields."""
    if not apps.is_installed("django.contrib.admin"):
        return []
    from django.contrib.admin.sites import all_sites

    registered = [made for site in all_sites for made in site._registry.values()]
    found: list[checks.CheckMessage] = []
    for made in registered:
        found += _of_what_is_shown(made)
        found += [message for inline in made.inlines for message in _of_what_is_shown(inline)]
        found += _of_what_is_asked(made)
    return found


def _of_what_is_shown(made: Any) -> Iterator[checks.CheckMessage]:
    from fieldvault.contrib.django.admin import MaskingOptions

    kind = made if isinstance(made, type) else type(made)
    if issubclass(kind, MaskingOptions):
        return
    related = [str(name) for name in getattr(made, "list_display", ()) if _encrypted(made, name) is not None]
    if tables_of(made.model) or related:
        yield checks.Error(
            f"{kind.__name__} would show the opened values of {made.model._meta.label}",
            hint=f"class {kind.__name__}(EncryptedModelAdmin), or an Encrypted…Inline, of "
            "fieldvault.contrib.django.admin",
            id="fieldvault.E006",
        )


def _of_what_is_asked(made: Any) -> Iterator[checks.CheckMessage]:
    from fieldvault.contrib.django.admin import EncryptedModelAdmin

    options = list(_NOT_ANSWERED) if isinstance(made, EncryptedModelAdmin) else [*_NOT_ANSWERED, "search_fields"]
    for option in options:
        for name in getattr(made, option) or ():
            field = _encrypted(made, name)
            if field is not None and not (option == "list_filter" and field.flatchoices and field.search):
                yield _cannot(made, option, field)
    field = _encrypted(made, made.date_hierarchy)
    if field is not None:
        yield _cannot(made, "date_hierarchy", field)


def _cannot(made: Any, option: str, field: EncryptedField) -> checks.CheckMessage:
    return checks.Error(
        f"{type(made).__name__}.{option} names {field.label}, which is encrypted",
        hint="class …(EncryptedModelAdmin) searches by the whole value"
        if option == "search_fields"
        else "keep a plain column for it",
        id="fieldvault.E009",
    )


def _encrypted(made: Any, name: Any) -> EncryptedField | None:
    from fieldvault.contrib.django.fields.paths import encrypted_field_at

    return encrypted_field_at(made.model, name.lstrip("-=^@")) if isinstance(name, str) else None
