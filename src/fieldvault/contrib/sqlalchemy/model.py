"""Encrypted: the mixin that lets a declarative model have encrypted attributes.

Rules of this file:

1. It works before SQLAlchemy reads the class: index columns, and a row id where one is needed, become ordinary
   mapped columns of the class.
2. Values are bound to the primary key where that is known before INSERT and made by the client; else to `row_id`.
3. A pickle or a copy of an object never holds a plain value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from sqlalchemy import Column, inspect
from sqlalchemy.orm import MappedAsDataclass, MappedColumn
from sqlalchemy.types import NullType

from fieldvault.contrib.sqlalchemy.annotation import mapped_type
from fieldvault.contrib.sqlalchemy.columns import hide_from_repr, mapped_index_columns, row_id_column
from fieldvault.contrib.sqlalchemy.declaration import Encryption, declaration_of
from fieldvault.contrib.sqlalchemy.model_binding import ModelBinding
from fieldvault.contrib.sqlalchemy.row_ids import is_row_id, python_type
from fieldvault.contrib.sqlalchemy.sealed_type import SealedType
from fieldvault.contrib.sqlalchemy.sealed_value import SealedValue
from fieldvault.errors import PendingNotPickled, SchemaError


class Encrypted:
    """Inherit from it, before the declarative base, in a model that has attributes made by `encrypted`.

    `__encryption__` says what all of its attributes have in common.
    """

    __encryption__: ClassVar[Encryption] = Encryption()

    def __init_subclass__(cls, **options: Any) -> None:
        if "__mapper__" in vars(cls):
            raise SchemaError(
                f"{cls.__name__} was mapped before Encrypted saw it", hint="inherit from Encrypted first, then Base"
            )
        declared = dict(_declared(cls))
        for name, (owner, attribute) in declared.items():
            _complete(cls, name, owner, attribute)
        if declared and _will_be_mapped(cls) and not cls.__encryption__.row_ids and not _has_own_identity(cls):
            cls.row_id = row_id_column(issubclass(cls, MappedAsDataclass))  # type: ignore[attr-defined]
        super().__init_subclass__(**options)

    def __getstate__(self) -> Any:
        held = object.__getstate__(self)  # type: ignore[attr-defined,unused-ignore]
        model = ModelBinding.of(inspect(type(self)))
        values = vars(self)
        for key in model.attributes if model else ():
            if values.get(key) is not None and type(values[key]) is not SealedValue:
                raise PendingNotPickled(
                    f"{type(self).__name__}.{key} is not sealed yet, and a pickle would hold it as it is",
                    hint="flush the session first",
                )
        return held


def _declared(cls: type) -> Iterator[tuple[str, tuple[type, MappedColumn[Any]]]]:
    for owner in reversed(cls.__mro__):
        if "__mapper__" not in vars(owner):
            for name, attribute in list(vars(owner).items()):
                if isinstance(attribute, MappedColumn) and isinstance(attribute.column.type, SealedType):
                    yield name, (owner, attribute)


def _complete(cls: type, name: str, owner: type, attribute: MappedColumn[Any]) -> None:
    declaration = declaration_of(attribute.column)
    if declaration is None:
        return
    if declaration.type is None:
        declaration.type, _ = mapped_type(owner, name)
    dataclass = issubclass(cls, MappedAsDataclass)
    if dataclass:
        hide_from_repr(attribute)
    for column in mapped_index_columns(declaration, attribute.column.name or name, dataclass):
        if not hasattr(cls, column.column.name):
            setattr(cls, column.column.name, column)


def _will_be_mapped(cls: type) -> bool:
    """With a table of its own, that is: a parent's table has its row id."""
    named = [name for name in ("__tablename__", "__table__") if hasattr(cls, name)]
    if not named or vars(cls).get("__abstract__"):
        return False
    return _mapped_parent(cls) is None or any(name in vars(cls) for name in named)


def _mapped_parent(cls: type) -> Any:
    return next((one for one in cls.__mro__[1:] if "__mapper__" in vars(one)), None)


def _has_own_identity(cls: Any) -> bool:
    if hasattr(cls, "row_id"):
        return True
    parent = _mapped_parent(cls)
    if parent is not None:
        return all(is_row_id(column, python_type(column)) for column in parent.__mapper__.primary_key)
    keys = [_typed(one, key) for one in cls.__mro__ for key in list(vars(one)) if _is_primary(vars(one)[key])]
    if hasattr(cls, "__table__"):
        keys = [(column, python_type(column)) for column in cls.__table__.primary_key]
    return bool(keys) and all(is_row_id(column, type_) for column, type_ in keys)


def _is_primary(attribute: Any) -> bool:
    column = getattr(attribute, "column", attribute)
    return isinstance(attribute, MappedColumn | Column) and bool(column.primary_key)


def _typed(owner: type, key: str) -> tuple[Column[Any], type | None]:
    attribute = vars(owner)[key]
    column: Column[Any] = getattr(attribute, "column", attribute)
    found = mapped_type(owner, key)[0] if isinstance(column.type, NullType) else python_type(column)
    return column, found
