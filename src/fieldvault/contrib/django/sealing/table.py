"""SealedTable: what one model's table seals, under which names, bound to what.

A model says it in an inner class, every line of which is optional:

    class Fieldvault:
        schema = "customer"            # part of what is sealed: pin it before you rename the table
        tenant_field = "tenant"        # the row says whose it is; by default the scope does
        tenancy = Tenancy.GLOBAL       # one set of keys for all tenants
        subject_field = "person_id"    # sealed under a key of the person's own
        subject_kind = "customer"
        protected = True               # attributes give `Protected` values (fieldvault.access)

Rules of this file:

1. A row is bound to its primary key where that is known before the INSERT: it has a default in Python, is not made
   by the database, or is the link to a parent. Otherwise to the column `fieldvault_row_id`, which is added.
2. Everything here is made of declarations. No key and no connection is touched.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import models

from fieldvault.errors import SchemaError
from fieldvault.schema import PlainField, Schema, SealedField, Subject, Tenancy

if TYPE_CHECKING:
    from fieldvault.contrib.django.fields.base import EncryptedField

ROW_ID = "fieldvault_row_id"
OPTIONS = ("schema", "tenant_field", "tenancy", "subject_field", "subject_kind", "protected")
_ROW_ID_TYPES: Mapping[type[models.Field[Any, Any]], type[Any]] = {
    models.UUIDField: UUID,
    models.CharField: str,
    models.IntegerField: int,
}


class SealedTable:
    """The encrypted fields that one concrete model has in its own table, and the `Schema` they make."""

    def __init__(self, model: type[models.Model]) -> None:
        from fieldvault.contrib.django.fields.base import EncryptedField

        self.model = model
        given = _options(model)
        local = [field for field in model._meta.local_fields if isinstance(field, EncryptedField)]
        self.fields: tuple[EncryptedField, ...] = tuple(local)
        self.attributes = {field.attname: field for field in local}
        self.searched = tuple(field for field in local if field.index_columns)
        twins = [name for field in local for name in (field.copies, *field.copied_to_names) if name is not None]
        self.has_mutable = any(field.is_mutable for field in local)
        """Whether a value can change without being assigned."""
        self.row_id, row_type = _row_id(model)
        self.tenant = _attribute(model, given.get("tenant_field"))
        self.subject = _attribute(model, given.get("subject_field"))
        self.is_protected: bool = given.get("protected", False)
        bound = (self.row_id, self.tenant, self.subject)
        self.identity = tuple(dict.fromkeys(name for name in bound if name is not None))
        self.decisive = (*self.identity, *(field.attname for field in local), *twins)
        """Attributes that decide what is sealed."""
        self.schema = Schema(
            given.get("schema", model._meta.db_table),
            [
                PlainField(self.row_id, row_type),
                *(
                    [PlainField(self.subject, _type_of(model, self.subject))]
                    if self.subject not in (None, self.row_id)
                    else []
                ),
                *(field.sealed_field for field in local),
            ],
            row_id=self.row_id if any(field.sealed_field.row_bound for field in local) else (),
            subject=_subject(given, self.subject, model),
            tenancy=given.get("tenancy", Tenancy.PER_TENANT),
        )
        if self.tenant is not None and self.schema.tenancy is Tenancy.GLOBAL:
            raise SchemaError(f"{model._meta.label}: a global model has no tenant_field")

    def loaded_with(self, names: Collection[str]) -> set[str]:
        """What must be loaded with these fields: what they are bound to, to open them; and their index columns.

        A value of now beside an index value of before would be written back together, and not be found.
        """
        given = [field for field in self.fields if field.name in names or field.attname in names]
        return {*self.identity, *(name for field in given for name in field.index_columns)} if given else set()

    def sealed_fields(self) -> dict[str, SealedField]:
        """The schema's fields by attribute."""
        return {field.attname: field.sealed_field for field in self.fields}

    def __repr__(self) -> str:
        return f"<SealedTable {self.model._meta.label}: {len(self.fields)} fields>"


def tables_of(model: type[models.Model]) -> list[SealedTable]:
    """The tables of a model that seal something, parents first: several where it inherits over tables."""
    found: dict[int, SealedTable] = {}
    for field in model._meta.concrete_fields:
        table = getattr(field, "table", None)
        if isinstance(table, SealedTable):
            found[id(table)] = table
    return list(found.values())


def needs_row_id(model: type[models.Model]) -> bool:
    """Whether the primary key is known too late, or is of a type that a row id cannot have."""
    return _pk_type(model) is None


def _options(model: type[models.Model]) -> dict[str, Any]:
    inner = getattr(model, "Fieldvault", None)
    given = {name: getattr(inner, name) for name in dir(inner or object()) if not name.startswith("_")}
    unknown = given.keys() - set(OPTIONS)
    if unknown:
        raise SchemaError(
            f"{model._meta.label}.Fieldvault does not know: {', '.join(sorted(unknown))}",
            hint=f"it knows: {', '.join(OPTIONS)}",
        )
    return given


def _row_id(model: type[models.Model]) -> tuple[str, type[Any]]:
    kind = _pk_type(model)
    return (ROW_ID, bytes) if kind is None else (model._meta.pk.attname, kind)


def _pk_type(model: type[models.Model]) -> type[Any] | None:
    key = model._meta.pk
    if getattr(key, "is_relation", False):
        if not getattr(key.remote_field, "parent_link", False):
            return None
        while key.is_relation:  # the parent is saved first, so its key is known here even if the database makes it
            key = key.target_field  # type: ignore[attr-defined]
        return _plain_type(key)
    if isinstance(key, models.AutoField | models.BigAutoField | models.SmallAutoField) or _has_db_default(key):
        return None
    return _plain_type(key)


def _plain_type(field: models.Field[Any, Any]) -> type[Any] | None:
    return next((kind for base, kind in _ROW_ID_TYPES.items() if isinstance(field, base)), None)


def _type_of(model: type[models.Model], attribute: str) -> type[Any]:
    field = next(one for one in model._meta.concrete_fields if one.attname == attribute)
    while field.is_relation:
        field = field.target_field  # type: ignore[attr-defined]
    kind = _plain_type(field)
    if kind is None:
        raise SchemaError(f"{model._meta.label}.{attribute} cannot name a subject: it is no text, int or UUID")
    return kind


def _has_db_default(field: models.Field[Any, Any]) -> bool:
    has = getattr(field, "has_db_default", None)
    return bool(has()) if has is not None else field.db_default is not models.NOT_PROVIDED


def _attribute(model: type[models.Model], name: str | None) -> str | None:
    if name is None:
        return None
    for field in model._meta.concrete_fields:
        if name in (field.name, field.attname):
            return field.attname
    raise SchemaError(f"{model._meta.label}.Fieldvault names {name}, which is no column of it")


def _subject(given: Mapping[str, Any], attribute: str | None, model: type[models.Model]) -> Subject | None:
    if attribute is None:
        return None
    return Subject(attribute, kind=given.get("subject_kind", given.get("schema", model._meta.db_table)))
