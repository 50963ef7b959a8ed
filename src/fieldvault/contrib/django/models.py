"""EncryptedModel: the base of every model with encrypted fields.

    class Customer(EncryptedModel):
        name = EncryptedCharField(max_length=200)
        email = EncryptedEmailField(search=True, unique=True)

Rules of this file:

1. It changes how rows are loaded and saved, never what the model's own code sees: attributes, validation and
   signals are Django's.
2. A class with encrypted fields that derives from something else is refused when it is made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, ClassVar, Self

from django.core import checks
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.base import ModelBase
from django.db.models.signals import class_prepared, post_save, pre_save

from fieldvault.attempts import attempt
from fieldvault.contrib.django.checks import check_model
from fieldvault.contrib.django.fields.base import EncryptedField
from fieldvault.contrib.django.fields.index import RowIdColumn
from fieldvault.contrib.django.querysets import EncryptedManager, EncryptedQuerySet
from fieldvault.contrib.django.sealing import loading, opening, refreshing, saving, writing
from fieldvault.contrib.django.sealing.attribute import watch_identity
from fieldvault.contrib.django.sealing.table import ROW_ID, SealedTable, needs_row_id, tables_of
from fieldvault.errors import SchemaError, WriteRefused

__all__ = ["EncryptedManager", "EncryptedModel", "EncryptedQuerySet"]


class EncryptedModelBase(ModelBase):
    """Django's, with one difference: `Model._base_manager` is an `EncryptedManager` too.

    Django's own would write NULL to an encrypted column, and leave what the row was found by.
    """

    @property
    def _base_manager(cls) -> models.Manager[Any]:  # noqa: N805 - a metaclass
        given: models.Manager[Any] = super()._base_manager  # type: ignore[misc, arg-type]  # a property, of classes
        if isinstance(given.all(), EncryptedQuerySet):
            return given
        made: models.Manager[Any] | None = cls.__dict__.get("_fieldvault_base_manager")
        if made is None:
            made = EncryptedManager()
            made.name, made.model, made.auto_created = given.name, cls, True
            cls._fieldvault_base_manager = made
        return made


class EncryptedModel(models.Model, metaclass=EncryptedModelBase):
    """Abstract. `Fieldvault`, an inner class, says what a model seals under which names (sealing/table.py).

    A manager of your own derives from `EncryptedManager`, or is made `from_queryset` of an `EncryptedQuerySet`.
    """

    _fieldvault: ClassVar[SealedTable]

    objects = EncryptedManager()

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **later: Any) -> Self:
        """See Django's. `later` is what a newer Django passes on (6.1: `fetch_mode`)."""
        return loading.loaded(cls, super().from_db, db, field_names, values, later)

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        """See Django's. Nothing is opened: a value that cannot be opened is an error when it is read."""
        if fields is not None:
            fields = with_companions(type(self), fields)
        with refreshing.of(self):
            super().refresh_from_db(using=using, fields=fields, from_queryset=from_queryset)

    def save_base(
        self,
        raw: bool = False,
        force_insert: Any = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """See Django's. `update_fields` with an encrypted field writes its index columns too."""
        tables = tables_of(type(self))
        only: frozenset[str] | None = None
        if update_fields is not None:
            only = frozenset(update_fields).union(*(writing.written_with(table, update_fields) for table in tables))
            only -= {name for table in tables for name in writing.without_their_field(table, only)}
            if update_fields and not only:
                raise WriteRefused("an index column is written with its encrypted field only")
        if not raw:
            attempt(self._seal, tables, only).or_raise()
            self._state.__dict__["fieldvault_sealed"] = writing.snapshot(tables, self)
        try:
            super().save_base(raw, force_insert, force_update, using, only)
        finally:
            self._state.__dict__.pop("fieldvault_sealed", None)

    def _save_table(
        self,
        raw: bool = False,
        cls: Any = None,
        force_insert: Any = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Collection[str] | None = None,
    ) -> bool:
        """After `pre_save`, whose receivers may have changed the row since it was sealed."""
        tables = tables_of(cls or type(self))
        if not raw and not writing.is_as_in(self._state.__dict__.get("fieldvault_sealed"), tables, self):
            attempt(self._seal, tables, None if update_fields is None else frozenset(update_fields)).or_raise()
        saved: bool = super()._save_table(raw, cls, force_insert, force_update, using, update_fields)  # type: ignore[misc]
        return saved

    def _seal(self, tables: list[SealedTable], only: frozenset[str] | None) -> None:
        for table in tables:
            writing.mirror(table, self)
            # A child's row id may be the key that its parent is about to get: then `pre_save` seals, in time.
            if getattr(self, table.row_id) is not None or table.row_id == ROW_ID:
                writing.seal(table, [self], only=only)

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """See Django's. What a form left as it is was validated before; it need not even open."""
        kept = self._state.__dict__.pop("fieldvault_kept", set())
        super().clean_fields(exclude={*(exclude or ()), *kept})

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """See Django's. A unique encrypted field is looked for by its index value."""
        errors: dict[str, Any] = {}
        tables = tables_of(type(self))
        encrypted = {
            name for table in tables for field in table.fields for name in (field.name, *field.index_columns)
        }
        try:
            super().validate_unique(exclude={*(exclude or ()), *encrypted})
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        for table in tables:
            for field in table.searched:
                if field.is_unique and field.name not in (exclude or ()) and self._is_taken(field):
                    errors.setdefault(field.name, []).append(self.unique_error_message(type(self), (field.name,)))
        if errors:
            raise ValidationError(errors) from None

    def _get_unique_checks(self, exclude: Any = None, include_meta_constraints: bool = False) -> Any:
        """Encrypted fields too: a page of forms compares its rows by them."""
        checks, dates = super()._get_unique_checks(exclude, include_meta_constraints)  # type: ignore[misc]
        names = [one.name for table in tables_of(type(self)) for one in table.searched if one.is_unique]
        return [*checks, *((type(self), (name,)) for name in names if name not in (exclude or ()))], dates

    def _is_taken(self, field: EncryptedField) -> bool:
        value = saving.cell_of(self, field)
        if value is None or (value.is_closed and not self._state.adding):
            return False  # as it was loaded: the database has it as unique
        wanted = writing.plain_of(field, getattr(self, field.attname))
        others = field.model._default_manager.filter(**{field.name: wanted})
        if not self._state.adding and self.pk is not None:
            others = others.exclude(pk=self.pk)
        return bool(others.exists())

    def __getstate__(self) -> dict[str, Any]:
        """For pickles and copies: everything is sealed in them, new values too."""
        for table in tables_of(type(self)):
            attempt(writing.seal, table, [self]).or_raise()
        state = super().__getstate__()
        opening.forget_opened(state["_state"])
        return state

    def __repr__(self) -> str:
        """Without `__str__`, which may be made of values: a `repr` is what logs and error pages show."""
        return f"<{type(self).__name__}: {self.pk}>"

    @classmethod
    def check(cls, **given: Any) -> list[checks.CheckMessage]:
        """See Django's."""
        return [*super().check(**given), *check_model(cls)]


def with_companions(model: type[models.Model], names: Iterable[str]) -> set[str]:
    """These fields, and what must be loaded to open those of them that are encrypted."""
    found = set(names)
    for table in tables_of(model):
        found.update(table.loaded_with(found))
    return found


def _prepare(sender: type[models.Model], **_: Any) -> None:
    """Put a model's table together once its fields are known."""
    options = sender._meta
    local = [field for field in options.local_fields if isinstance(field, EncryptedField)]
    if not local or options.abstract or options.proxy:
        return
    if not issubclass(sender, EncryptedModel):
        raise SchemaError(
            f"{options.label} has encrypted fields and is no EncryptedModel",
            hint=f"class {sender.__name__}(EncryptedModel): …",
        )
    if needs_row_id(sender) and ROW_ID not in {field.name for field in options.local_fields}:
        sender.add_to_class(ROW_ID, RowIdColumn())
    table = SealedTable(sender)
    sender._fieldvault = table
    for field in local:
        field.__dict__["table"] = table
    for name in table.identity:
        watch_identity(sender, name)


def _before_raw_save(sender: type[models.Model], instance: models.Model, raw: bool, **_: Any) -> None:
    """A fixture's row is written as it is, past `save` and `pre_save`: plain values in it are sealed here."""
    if raw and isinstance(instance, EncryptedModel):
        for table in tables_of(type(instance)):
            attempt(writing.seal, table, [instance], None, False).or_raise()
            saving.hand_over([instance], table.fields)


def _after_raw_save(sender: type[models.Model], instance: models.Model, raw: bool, **_: Any) -> None:
    if raw and isinstance(instance, EncryptedModel):
        saving.take_back(instance)


class_prepared.connect(_prepare, dispatch_uid="fieldvault.models")
pre_save.connect(_before_raw_save, dispatch_uid="fieldvault.models")
post_save.connect(_after_raw_save, dispatch_uid="fieldvault.models")
