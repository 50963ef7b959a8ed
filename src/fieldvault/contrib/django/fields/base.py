"""EncryptedField: what every encrypted field has, mixed into the plain field of its type.

Rules of this file:

1. Validation, form fields and widgets are those of the plain field. The column is binary and holds an envelope.
2. What reaches the database passed through here as a `Sealed` (`get_db_prep_save`). A plain value, or an expression
   that may hold one, is refused, whatever path it came by.
3. Migrations see a `BinaryField` and nothing of fieldvault: no key, no type, no normaliser.
4. Index values go to columns of their own, which come with the field.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.expressions import Case, ExpressionWrapper, Value
from django.db.models.functions import Cast
from django.utils.functional import LazyObject

from fieldvault.access import Protected
from fieldvault.codec import Codec, NoPadding, Padding, codec_for
from fieldvault.contrib.django.fields import lookups
from fieldvault.contrib.django.fields.columns import SealedCol
from fieldvault.contrib.django.fields.index import IndexColumn
from fieldvault.contrib.django.sealing import saving
from fieldvault.contrib.django.sealing.attribute import SealedAttribute
from fieldvault.contrib.django.sealing.sealed import InInstance, Sealed
from fieldvault.errors import SchemaError, ValueRefused, WriteRefused
from fieldvault.masking import Mask
from fieldvault.normalise import TEXT, Exact, Normaliser
from fieldvault.schema import SealedField
from fieldvault.tokens import ExactIndex

if TYPE_CHECKING:
    from fieldvault.contrib.django.sealing.table import SealedTable

Search = bool | Normaliser[Any] | ExactIndex
MIN_BITS = 64
"""A look-up in SQL cannot compare opened values afterwards, so its index must not collide."""
_REFUSED = {
    "primary_key": "a primary key must be readable",
    "db_index": "a database cannot order what is sealed; search=True adds an index of tokens",
    "db_default": "a default of the database would be plain text",
    "unique_for_date": "it would compare what is sealed",
    "unique_for_month": "it would compare what is sealed",
    "unique_for_year": "it would compare what is sealed",
    "db_collation": "the column is binary",
}


class EncryptedField(models.Field):  # type: ignore[type-arg]  # generic for the checker only
    """Options besides those of the plain field:

    `search`: True for the type's own normaliser, or a `Normaliser`, or an `ExactIndex`; then rows are found by
    `exact` and `in`. `unique` needs it. `row_bound=False` lets a value open in any row of its column. `padding`
    hides lengths. `mask` is what protected access and the admin show. `sealed_as` is the name that values are bound
    to, by default the field's: pin it before you rename the field. `copies` and `copied_to` name the plaintext
    column of a migration: docs/guide/django-encrypt-a-column.md.
    """

    descriptor_class = SealedAttribute
    plain_type: ClassVar[type[Any] | Codec[Any]] = str
    normaliser: ClassVar[Normaliser[Any] | None] = None
    taken_as_it_is: ClassVar[frozenset[type[Any]]] = frozenset()
    """Types whose values the plain column would give back as they are."""
    is_mutable: ClassVar[bool] = False
    """Whether a value can be changed without being assigned."""

    def __init__(
        self,
        *args: Any,
        search: Search = False,
        row_bound: bool = True,
        padding: Padding | None = None,
        mask: Mask | None = None,
        sealed_as: str | None = None,
        copies: str | None = None,
        copied_to: str | None = None,
        unique: bool = False,
        **options: Any,
    ) -> None:
        for option, why in _REFUSED.items():
            if options.get(option) not in (None, False, models.NOT_PROVIDED):
                raise SchemaError(f"an encrypted field cannot have {option}: {why}")
        if unique and search is False:
            raise SchemaError("unique needs search", hint="search=True, unique=True")
        self.is_unique = unique
        self.search = self._index_of(search, unique)
        self.row_bound = row_bound
        self.padding = padding or NoPadding()
        self.mask = mask
        self.sealed_as = sealed_as
        self.copies = copies
        self.copied_to = copied_to
        super().__init__(*args, **options)

    # --- what it declares --------------------------------------------------------------------

    @cached_property
    def sealed_field(self) -> SealedField:
        """The field of the model's `Schema`."""
        return SealedField(
            self.sealed_as or self.name,
            self.plain_type,
            row_bound=self.row_bound,
            index=self.search or (),
            padding=self.padding,
            mask=self.mask,
        )

    @cached_property
    def table(self) -> SealedTable:
        """The table that the field is a column of. Set when its model is ready."""
        raise SchemaError(f"{self.label} belongs to no EncryptedModel", hint="class Customer(EncryptedModel): …")

    @property
    def label(self) -> str:
        """`app.Model.field`, for messages."""
        return f"{self.model._meta.label}.{self.name}" if hasattr(self, "model") else type(self).__name__

    @cached_property
    def index_columns(self) -> tuple[str, ...]:
        """The attributes of its index columns: the one that look-ups ask, then the others."""
        slots = [slot for index in self.sealed_field.indexes for slot in index.slots("", self.sealed_field.name)]
        return tuple(name for slot in slots for name in (slot.column, slot.following) if name is not None)

    @property
    def copied_to_names(self) -> tuple[str, ...]:
        """The plaintext column that is written too, if there is one."""
        return () if self.copied_to is None else (self.copied_to,)

    def _index_of(self, search: Search, unique: bool) -> ExactIndex | None:
        if search is False:
            return None
        if isinstance(search, ExactIndex):
            index = search
        else:
            normaliser = self._normaliser() if search is True else search
            index = ExactIndex(normaliser, unique=unique)
        if index.bits < MIN_BITS:
            raise SchemaError(
                f"an index of {index.bits} bits finds strangers, which a queryset cannot sort out",
                hint=f"keep at least {MIN_BITS} bits",
            )
        self.is_unique = index.unique
        return index

    def _normaliser(self) -> Normaliser[Any]:
        if self.normaliser is not None:
            return self.normaliser
        codec = codec_for(self.plain_type)
        return TEXT if codec is codec_for(str) else Exact(codec)

    # --- Django's view of the column ---------------------------------------------------------

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name)  # some plain fields take no third argument
        if self.search is None:
            return
        taken = {field.name for field in cls._meta.local_fields}
        main = self.index_columns[0]
        for column in self.index_columns:
            if column not in taken:
                cls.add_to_class(
                    column, IndexColumn(of=self.attname, unique=self.is_unique, db_index=column == main)
                )

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _, _, kwargs = super().deconstruct()
        kept: dict[str, Any] = {
            key: kwargs[key] for key in ("null", "db_column", "db_comment", "db_tablespace") if key in kwargs
        }
        return name, "django.db.models.BinaryField", [], kept

    def clone(self) -> Any:
        """For the state of migrations, which must not seal anything."""
        _, _, args, kwargs = self.deconstruct()
        return models.BinaryField(*args, **kwargs)

    def get_internal_type(self) -> str:
        return "BinaryField"

    @property
    def cached_col(self) -> SealedCol:
        return SealedCol(self.model._meta.db_table, self)

    def get_col(self, alias: str, output_field: models.Field[Any, Any] | None = None) -> SealedCol:
        return SealedCol(alias, self, output_field)

    def get_lookup(self, name: str) -> Any:
        return lookups.lookup_of(self, name)

    def get_transform(self, name: str) -> Any:
        return lookups.refuse(self, name)

    # --- values ------------------------------------------------------------------------------

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Sealed | None:
        if value is None:
            return None
        return Sealed(self, value if type(value) is bytes else bytes(value))

    def get_prep_value(self, value: Any) -> Any:
        return value

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None:
            return None
        if not isinstance(value, Sealed) or value.envelope is None or value.field.model is not self.model:
            del value
            raise WriteRefused(
                f"{self.label}: a plain value was to be written to an encrypted column",
                hint="set it on an instance: save(), bulk_create() and bulk_update() seal it",
            )
        return connection.Database.Binary(value.envelope)

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if hasattr(value, "as_sql"):
            self.refuse_expression(value)
            return value
        return self.get_db_prep_value(value, connection)

    def refuse_expression(self, expression: Any) -> None:
        """Raise `WriteRefused` unless it can only be a NULL or envelopes of this field:

        what `bulk_update` makes.
        """
        if not _is_of_sealed(expression, self):
            del expression
            raise WriteRefused(
                f"{self.label}: the database cannot compute what is sealed",
                hint="set the value on instances and save them, or use bulk_update()",
            )

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        return saving.cell_to_write(model_instance, self)

    def value_from_object(self, obj: models.Model) -> Any:
        """What forms and serializers start from: not opened, so that neither shows it by accident."""
        return None if saving.cell_of(obj, self) is None else InInstance(obj, self)

    def value_to_string(self, obj: models.Model) -> str:
        sealed = saving.cell_to_write(obj, self)
        return "" if sealed is None else sealed.text

    def to_python(self, value: Any) -> Any:
        """For deserializers: also the envelope's text, as `dumpdata` writes it."""
        return lookups.sealed_of_text(self, value) or super().to_python(value)

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        if isinstance(value, Protected | Sealed):
            return value  # it was validated before it was sealed
        plain = super().to_python(value)  # not ours: what a person types is never an envelope
        self.validate(plain, model_instance)
        self.run_validators(plain)
        return plain

    def to_plain(self, value: Any) -> Any:
        """What is sealed for a value: what the plain column would give back. Raises `ValueRefused`."""
        if type(value) in self.taken_as_it_is:
            return value
        plain, refused = None, True
        with suppress(ValidationError, ValueError, TypeError, ArithmeticError):  # raised anew: these hold the value
            plain, refused = self._to_plain(value), False
        if refused:
            kind = type(value).__name__
            del value
            raise ValueRefused(f"a {kind} that is no value of the field").in_field(self.name)
        return plain

    def from_plain_many(self, values: Sequence[Any]) -> list[Any]:
        """What the attribute gives for opened values; None where there is none."""
        return list(values)

    def _to_plain(self, value: Any) -> Any:
        if isinstance(value, Sealed | Protected | InInstance):
            raise TypeError
        if issubclass(type(value), LazyObject):
            value = value.__reduce__()[1][0]  # what it stands for: codecs ask for the type
        return super().to_python(value)

    # --- forms -------------------------------------------------------------------------------

    def formfield(self, **options: Any) -> Any:
        from fieldvault.contrib.django.fields.formfields import opening_form_field

        made = super().formfield(**options)
        return None if made is None else opening_form_field(made)

    def save_form_data(self, instance: models.Model, data: Any) -> None:
        from fieldvault.contrib.django.fields.formfields import Keep

        if isinstance(data, Keep):
            instance._state.__dict__.setdefault("fieldvault_kept", set()).add(self.name)
        else:
            super().save_form_data(instance, data)


def _is_of_sealed(expression: Any, field: EncryptedField) -> bool:
    kind = type(expression)
    if kind is Value:
        value = expression.value
        return value is None or (isinstance(value, Sealed) and expression.output_field is field)
    if kind in (Cast, ExpressionWrapper):
        return all(_is_of_sealed(one, field) for one in expression.get_source_expressions())
    if kind is Case:
        results = [case.result for case in expression.cases]
        return all(_is_of_sealed(one, field) for one in [*results, expression.default])
    return False


FieldFactory = Callable[..., EncryptedField]
