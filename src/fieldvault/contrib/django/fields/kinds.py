"""The encrypted fields for Django's built-in types."""
# mypy: disable-error-code="type-arg"
# (Django's fields are generic for the checker only.)

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import connection, models
from django.utils import timezone

from fieldvault.codec import Json
from fieldvault.contrib.django.fields.base import EncryptedField
from fieldvault.errors import SchemaError
from fieldvault.normalise import EMAIL


class EncryptedCharField(EncryptedField, models.CharField):
    """Text. `max_length` is checked by validation, as everything here: the database cannot check it."""

    taken_as_it_is = frozenset((str,))


class EncryptedTextField(EncryptedField, models.TextField):
    """Text, in a text area."""

    taken_as_it_is = frozenset((str,))


class EncryptedEmailField(EncryptedField, models.EmailField):
    """An e-mail address. `search=True` takes addresses that differ in case for one (`email@1`)."""

    normaliser = EMAIL
    taken_as_it_is = frozenset((str,))


class EncryptedURLField(EncryptedField, models.URLField):
    """A URL."""

    taken_as_it_is = frozenset((str,))


class EncryptedSlugField(EncryptedField, models.SlugField):
    """A slug. Django gives slugs an index of their own; an encrypted one has it by `search=True`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"db_index": False, **options})


class EncryptedGenericIPAddressField(EncryptedField, models.GenericIPAddressField):
    """An IP address, as text."""


class EncryptedUUIDField(EncryptedField, models.UUIDField):
    """A UUID."""

    plain_type = UUID
    taken_as_it_is = frozenset((UUID,))


class EncryptedBooleanField(EncryptedField, models.BooleanField):
    """True or false. An index of it would show which rows are equal, and so nearly everything."""

    plain_type = bool
    taken_as_it_is = frozenset((bool,))


class EncryptedFloatField(EncryptedField, models.FloatField):
    """A float."""

    plain_type = float
    taken_as_it_is = frozenset((float,))


class _Integer(EncryptedField):
    """Validation has the range of the plain column."""

    plain_type = int
    plain_column: ClassVar[str]
    _validators: list[Any]

    @cached_property
    def validators(self) -> list[Any]:
        from django.core.validators import MaxValueValidator, MinValueValidator

        least, greatest = connection.ops.integer_field_range(self.plain_column)
        found = [*self.default_validators, *self._validators]
        if least is not None:
            found.append(MinValueValidator(least))
        if greatest is not None:
            found.append(MaxValueValidator(greatest))
        return found

    def _to_plain(self, value: Any) -> Any:
        plain = super()._to_plain(value)
        least, greatest = connection.ops.integer_field_range(self.plain_column)
        if (least is not None and plain < least) or (greatest is not None and plain > greatest):
            raise ValueError
        return plain


class EncryptedIntegerField(_Integer, models.IntegerField):
    """An int of 32 bits."""

    plain_column = "IntegerField"


class EncryptedBigIntegerField(_Integer, models.BigIntegerField):
    """An int of 64 bits."""

    plain_column = "BigIntegerField"


class EncryptedSmallIntegerField(_Integer, models.SmallIntegerField):
    """An int of 16 bits."""

    plain_column = "SmallIntegerField"


class EncryptedPositiveIntegerField(_Integer, models.PositiveIntegerField):
    """An int from 0, of 31 bits."""

    plain_column = "PositiveIntegerField"


class EncryptedDecimalField(EncryptedField, models.DecimalField):
    """A Decimal, with `decimal_places` as the plain column gives it back."""

    plain_type = Decimal

    def _to_plain(self, value: Any) -> Any:
        plain = super()._to_plain(value)
        context = Context(prec=self.max_digits or 38, rounding=ROUND_HALF_EVEN)
        return plain.quantize(Decimal(1).scaleb(-self.decimal_places), context=context)


class EncryptedDateField(EncryptedField, models.DateField):  # type: ignore[misc]
    """A date."""

    plain_type = date
    taken_as_it_is = frozenset((date,))


class EncryptedTimeField(EncryptedField, models.TimeField):
    """A time without a zone."""

    plain_type = time

    def _to_plain(self, value: Any) -> Any:
        plain = super()._to_plain(value)
        if plain.tzinfo is not None:
            raise ValueError
        return plain


class EncryptedDateTimeField(EncryptedField, models.DateTimeField):  # type: ignore[misc]
    """A datetime: in UTC with `USE_TZ`, naive without, as the plain column gives it back."""

    plain_type = datetime

    def _to_plain(self, value: Any) -> Any:
        plain: datetime = super()._to_plain(value)
        if not settings.USE_TZ:
            if plain.tzinfo is not None:
                raise ValueError
            return plain
        if plain.tzinfo is None:
            plain = timezone.make_aware(plain, timezone.get_default_timezone())
        return plain.astimezone(UTC)


class EncryptedDurationField(EncryptedField, models.DurationField):
    """A timedelta, sealed as its microseconds."""

    plain_type = int

    def _to_plain(self, value: Any) -> Any:
        return super()._to_plain(value) // timedelta(microseconds=1)

    def from_plain_many(self, values: Sequence[Any]) -> list[Any]:
        return [None if value is None else timedelta(microseconds=value) for value in values]


class EncryptedBinaryField(EncryptedField, models.BinaryField):
    """Bytes."""

    plain_type = bytes

    def _to_plain(self, value: Any) -> Any:
        return bytes(super()._to_plain(value))


class EncryptedJSONField(EncryptedField, models.JSONField):
    """A JSON value, as one envelope. None is NULL, not JSON's null. It cannot be searched."""

    plain_type = Json
    is_mutable = True

    def __init__(self, *args: Any, **options: Any) -> None:
        if options.get("search"):
            raise SchemaError(
                "an encrypted JSON value cannot be searched", hint="seal the part to search by itself"
            )
        super().__init__(*args, **options)

    def _to_plain(self, value: Any) -> Any:
        plain = super()._to_plain(value)
        return plain if self.encoder is None else json.loads(json.dumps(plain, cls=self.encoder))

    def from_plain_many(self, values: Sequence[Any]) -> list[Any]:
        if self.decoder is None:
            return list(values)
        return [None if one is None else json.loads(json.dumps(one), cls=self.decoder) for one in values]
