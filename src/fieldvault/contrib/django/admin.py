"""EncryptedModelAdmin: an admin that shows masks, finds by token, and reveals to whoever may, with a reason.

    @admin.register(Customer)
    class CustomerAdmin(EncryptedModelAdmin):
        list_display = ["name", "email", "city"]
        search_fields = ["email", "city"]

Rules of this file:

1. Lists, read-only fields and forms show the field's mask. A form's input is empty: what is typed replaces the
   value, and an empty input keeps it.
2. Values are shown on a page of their own, by POST, to whoever has `reveal_<model>` and gives a reason, which is
   recorded before. `FIELDVAULT['gate']` says where; without a gate nothing is revealed.
3. Encrypted fields are searched by their whole value, and are not sorted by.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import lookup_spawns_duplicates
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from fieldvault.access import Protected
from fieldvault.contrib.django.fields.base import EncryptedField
from fieldvault.contrib.django.fields.formfields import OpeningFormField
from fieldvault.contrib.django.fields.paths import encrypted_field_at
from fieldvault.contrib.django.sealing import opening, saving
from fieldvault.contrib.django.sealing.table import tables_of
from fieldvault.core.envelope import HEADER_BYTES
from fieldvault.errors import AccessError, FieldvaultError, ValueRefused
from fieldvault.masking import FullMask
from fieldvault.scoping import acting_as, current_acting

REFUSED = "cannot be opened"
_HIDDEN = FullMask()


class MaskedColumn:
    """A column of a list, or a read-only field: shows the mask of one encrypted field."""

    def __init__(self, field: EncryptedField, path: str) -> None:
        self.field = field
        self.short_description = field.verbose_name
        self.__name__ = path

    def __call__(self, instance: Model) -> str | None:
        owner: Any = instance
        for relation in self.__name__.split("__")[:-1]:
            owner = getattr(owner, relation, None)
        return None if owner is None else masked(owner, self.field)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MaskedColumn) and (other.field, other.__name__) == (self.field, self.__name__)

    def __hash__(self) -> int:
        return hash((MaskedColumn, self.__name__))


class RevealForm(forms.Form):
    """Why somebody wants to see a row's values."""

    reason = forms.CharField(max_length=500, strip=True)


class MaskingOptions(admin.options.BaseModelAdmin):  # type: ignore[type-arg]  # generic for the checker only
    """What an admin and its inlines have in common: masks, and inputs that replace values unseen."""

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return [self._shown(name) for name in super().get_readonly_fields(request, obj)]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        if not self.has_change_permission(request, obj) and obj is not None:
            return [self._shown(name) for name in super().get_fields(request, obj)]
        return super().get_fields(request, obj)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest | None, **options: Any) -> Any:
        made: Any = super().formfield_for_dbfield(db_field, request, **options)  # type: ignore[arg-type]
        if issubclass(type(made), OpeningFormField):
            made.replaces_only = True
        return made

    def _shown(self, name: Any) -> Any:
        field = encrypted_field_at(self.model, name) if isinstance(name, str) else None
        return name if field is None else MaskedColumn(field, name)


class EncryptedTabularInline(MaskingOptions, admin.TabularInline):  # type: ignore[type-arg]
    """An inline of a model with encrypted fields."""


class EncryptedStackedInline(MaskingOptions, admin.StackedInline):  # type: ignore[type-arg]
    """An inline of a model with encrypted fields."""


class EncryptedModelAdmin(MaskingOptions, admin.ModelAdmin):  # type: ignore[type-arg]
    """See the top of the file."""

    change_form_template = "fieldvault/admin/change_form.html"

    @method_decorator(sensitive_post_parameters())
    def changeform_view(self, request: HttpRequest, *given: Any, **named: Any) -> Any:
        """See Django's. A report of an error in it shows nothing that was typed."""
        return super().changeform_view(request, *given, **named)

    # --- masks -------------------------------------------------------------------------------

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [self._shown(name) for name in super().get_list_display(request)]

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> Any:
        links = super().get_list_display_links(request, list_display)
        by_name = {one.__name__: one for one in list_display if isinstance(one, MaskedColumn)}
        return None if links is None else [by_name.get(one, one) if isinstance(one, str) else one for one in links]

    def get_sortable_by(self, request: HttpRequest) -> list[Any]:
        given = super().get_sortable_by(request)
        return [one for one in given if not isinstance(self._shown(one), MaskedColumn)]

    # --- search ------------------------------------------------------------------------------

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        names = [name.lstrip("=^@") for name in self.get_search_fields(request)]
        encrypted = {name: field for name in names if (field := encrypted_field_at(self.model, name)) is not None}
        term, tokens, several = search_term.strip(), Q(), False
        for name, field in encrypted.items():
            if term and field.search is not None and _is_value_of(field, term):
                tokens |= Q(**{name: term})
                several = several or lookup_spawns_duplicates(self.opts, name)
        plain, duplicates = _PlainSearch(self, encrypted).of(request, queryset, search_term)
        if not tokens:
            return (queryset.none() if plain is None else plain), duplicates
        by_token = queryset.filter(tokens)
        return (by_token if plain is None else plain | by_token), duplicates or several

    # --- revealing ---------------------------------------------------------------------------

    def has_reveal_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the user may see values: `<app>.reveal_<model>`, which the model lists in `Meta.permissions`."""
        options = self.model._meta
        user: Any = request.user
        return bool(user.has_perm(f"{options.app_label}.reveal_{options.model_name}"))

    def get_urls(self) -> list[Any]:
        options = self.model._meta
        name = f"{options.app_label}_{options.model_name}_reveal"
        own = path("<path:object_id>/reveal/", self.admin_site.admin_view(self.reveal_view), name=name)
        return [own, *super().get_urls()]

    def reveal_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A row's opened values, for whoever gives a reason."""
        if not self._may_reveal(request):
            raise PermissionDenied
        found = self.get_object(request, object_id)
        if found is None or not self._may_reveal(request, found):
            raise PermissionDenied
        form = RevealForm(request.POST or None)
        values: list[tuple[str, Any]] = []
        problem = None
        if request.method == "POST" and form.is_valid():
            try:
                values = revealed(found, str(request.user.pk), form.cleaned_data["reason"])
            except AccessError as error:
                problem = error.message
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta, "original": found, "form": form, "values": values, "problem": problem,
            "back": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[found.pk]),
        }  # fmt: skip
        response = TemplateResponse(request, "fieldvault/admin/reveal.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def _may_reveal(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_view_permission(request, obj) and self.has_reveal_permission(request, obj)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> Any:
        if obj is not None and self._may_reveal(request, obj):
            options = self.model._meta
            name = f"{self.admin_site.name}:{options.app_label}_{options.model_name}_reveal"
            context["fieldvault_reveal"] = reverse(name, args=[obj.pk])
        return super().render_change_form(request, context, add, change, form_url, obj)


class _PlainSearch:
    """Django's own search, over the fields that are not encrypted."""

    def __init__(self, made: EncryptedModelAdmin, encrypted: dict[str, EncryptedField]) -> None:
        self._admin = made
        self._encrypted = encrypted

    def of(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> tuple[Any, bool]:
        """What it finds, None where there is no plain field to search and a term."""
        fields = [
            name for name in self._admin.get_search_fields(request) if name.lstrip("=^@") not in self._encrypted
        ]
        if not fields and term.strip():
            return None, False
        plain = type("Plain", (admin.ModelAdmin,), {"search_fields": fields})(
            self._admin.model, self._admin.admin_site
        )
        found: tuple[Any, bool] = plain.get_search_results(request, queryset, term)
        return found


def masked(instance: Model, field: EncryptedField) -> str | None:
    """What may be seen of an attribute; a word where it cannot be opened, so that the rest of the page shows."""
    try:
        value = getattr(instance, field.attname)
    except FieldvaultError:
        return REFUSED
    if value is None or isinstance(value, Protected):
        return None if value is None else str(value)
    return (field.mask or _HIDDEN).mask(value)


def revealed(instance: Model, actor: str, reason: str) -> list[tuple[str, Any]]:
    """Names and values of a row's encrypted fields, once that is recorded. Raises `AccessError`."""
    found: list[tuple[str, Any]] = []
    for table in tables_of(type(instance)):
        tenant, gate = opening.tenant_of(instance, table), opening.gate_of(table)
        for field in table.fields:
            name, cell = str(field.verbose_name), saving.cell_of(instance, field)
            if cell is None:
                found.append((name, None))
                continue
            keys = [] if cell.envelope is None else [cell.envelope[1:HEADER_BYTES]]
            with _named(actor):
                gate.admit(tenant, table.schema.name, field.sealed_field.name, reason=reason, count=1, keys=keys)
            try:
                value = getattr(instance, field.attname)
            except FieldvaultError:
                value = REFUSED
            if isinstance(value, Protected):
                value = value.value_to_seal(opening.place_of(field, tenant))
            found.append((name, value))
    return found


def _named(actor: str) -> AbstractContextManager[Any]:
    """The scope with the admin's user as its actor, where it names nobody."""
    acting = current_acting()
    return nullcontext() if acting is None or acting.actor is not None else acting_as(actor)


def _is_value_of(field: EncryptedField, term: str) -> bool:
    try:
        field.to_plain(term)
    except ValueRefused:
        return False
    return True
