"""The columns that come with encrypted fields: index values, and the id that a row is bound to.

Migrations show them as Django's own fields, and both are NULL where a row has nothing for them.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

from django.db import models

from fieldvault.contrib.django.sealing import saving, writing


class _BytesColumn(models.Field):  # type: ignore[type-arg]  # generic for the checker only
    """Django's `BinaryField`, as it is in migrations, without its `get_placeholder`.

    That is for MySQL, and a field that has it keeps PostgreSQL from inserting many rows as arrays.
    """

    def __init__(self, *, unique: bool = False, db_index: bool = False) -> None:
        super().__init__(null=True, editable=False, unique=unique, db_index=db_index)

    def get_internal_type(self) -> str:
        return "BinaryField"

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _, _, kwargs = super().deconstruct()
        kept: dict[str, Any] = {key: kwargs[key] for key in kwargs if key != "editable"}
        return name, "django.db.models.BinaryField", [], kept

    def clone(self) -> Any:
        _, _, args, kwargs = self.deconstruct()
        return models.BinaryField(*args, **kwargs)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return None if value is None else connection.Database.Binary(value)

    def value_to_string(self, obj: models.Model) -> str:
        return b64encode(self.value_from_object(obj)).decode("ascii")

    def to_python(self, value: Any) -> Any:
        return b64decode(value) if isinstance(value, str) else value


class IndexColumn(_BytesColumn):
    """Index values of the encrypted attribute `of`. Written with it, never by itself, never shown."""

    def __init__(self, *, of: str, unique: bool, db_index: bool) -> None:
        super().__init__(unique=unique, db_index=db_index and not unique)
        self.of = of

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        source = self.model._meta.get_field(self.of)
        saving.cell_to_write(model_instance, source)  # type: ignore[arg-type]
        return super().pre_save(model_instance, add)


class RowIdColumn(_BytesColumn):
    """16 random bytes that the sealed values of a row are bound to, where its primary key is made by the database.

    A row that was there before the column has NULL until it is first sealed. So there is no default: a migration
    would give one and the same id to all of them. Bytes, since no database and no driver has to convert them.
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        owner: Any = self.model
        writing.ensure_row_id(owner._fieldvault, model_instance)
        return super().pre_save(model_instance, add)
