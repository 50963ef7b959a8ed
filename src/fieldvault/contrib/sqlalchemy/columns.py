"""encrypted: one line for one attribute. The columns that come with it are made here too."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Column, LargeBinary, Uuid
from sqlalchemy.orm import MappedColumn, mapped_column

from fieldvault.access import AccessGate
from fieldvault.codec import Codec, Padding
from fieldvault.contrib.sqlalchemy.declaration import Declaration, Search
from fieldvault.contrib.sqlalchemy.migrating import Migrating
from fieldvault.contrib.sqlalchemy.sealed_type import SealedType
from fieldvault.masking import Mask
from fieldvault.schema import PlainField, Schema

ROW_ID = "fieldvault_row_id"
"""In the `info` of a column that was added to bind values to."""


def encrypted(
    name: str | None = None,
    *,
    type_: type[Any] | Codec[Any] | None = None,
    search: Search = None,
    unique: bool = False,
    nullable: bool | None = None,
    row_bound: bool = True,
    padding: Padding | None = None,
    seal_null: bool = False,
    mask: Mask | None = None,
    protected: AccessGate | None = None,
    migrating: Migrating | None = None,
    deferred: bool = False,
    init: bool | None = None,
) -> MappedColumn[Any]:
    """An encrypted attribute of a model that inherits from `Encrypted`.

        email: Mapped[str] = encrypted(search=EMAIL, unique=True)

    `search` makes it searchable by equality: a normaliser says which spellings are equal. `unique` refuses a second
    row of the tenant with an equal value. `type_` is read from the annotation where it is not given. `row_bound`,
    `padding`, `seal_null` and `mask` are those of `SealedField`. With `protected`, reading the attribute gives a
    `Protected`, masked until `.reveal(reason=…)`. `migrating` is a state on the way from plaintext: `DualWrite` or
    `CutOver`. `init` is for dataclasses; `name` is the column's.
    """
    declaration = Declaration(
        type_=type_,
        search=search,
        unique=unique,
        row_bound=row_bound,
        padding=padding,
        seal_null=seal_null,
        mask=mask,
        protected=protected,
        migrating=migrating,
    )
    names = () if name is None else (name,)
    options: dict[str, Any] = {} if nullable is None else {"nullable": nullable}
    if init is not None:
        options["init"] = init
    return mapped_column(*names, SealedType(declaration), deferred=deferred, **options)


def encrypted_columns(
    name: str,
    type_: type[Any] | Codec[Any] = str,
    *,
    search: Search = None,
    unique: bool = False,
    nullable: bool = True,
    row_bound: bool = True,
    padding: Padding | None = None,
    seal_null: bool = False,
    mask: Mask | None = None,
    protected: AccessGate | None = None,
) -> list[Column[Any]]:
    """A sealed column and its index columns, for a `Table` that is mapped imperatively: see `encrypted`."""
    declaration = Declaration(
        type_=type_,
        search=search,
        unique=unique,
        row_bound=row_bound,
        padding=padding,
        seal_null=seal_null,
        mask=mask,
        protected=protected,
    )
    sealed: Column[Any] = Column(name, SealedType(declaration), nullable=nullable)
    return [sealed, *index_columns(declaration, name, Column)]


def index_columns(declaration: Declaration, name: str, make: Callable[..., Any]) -> list[Any]:
    """The index columns of one declared attribute. `make` is `Column` or makes mapped columns."""
    unbound = PlainField("row_id" if name != "row_id" else "row", UUID)
    schema = Schema("columns", [unbound, declaration.field(name)], row_id=unbound.name)
    return [
        make(
            column,
            LargeBinary(),
            nullable=True,
            unique=column in schema.unique_columns,
            index=column in schema.lookup_columns - schema.unique_columns,
        )
        for column in schema.index_columns
    ]


def mapped_index_columns(declaration: Declaration, name: str, dataclass: bool) -> list[MappedColumn[Any]]:
    """Not loaded with the object: nobody reads them but the database."""
    hidden: dict[str, Any] = {"init": False, "repr": False, "compare": False} if dataclass else {}
    return index_columns(declaration, name, partial(mapped_column, deferred=True, **hidden))


def row_id_column(dataclass: bool) -> MappedColumn[Any]:
    """What rows are bound to whose primary key the database draws."""
    hidden: dict[str, Any] = {"init": False} if dataclass else {}
    return mapped_column(
        "row_id", Uuid(), insert_default=uuid4, nullable=False, unique=True, info={ROW_ID: True}, **hidden
    )


def hide_from_repr(attribute: MappedColumn[Any]) -> None:
    """Take an attribute out of its dataclass's repr, which would read and show it."""
    options: Any = attribute._attribute_options
    attribute._attribute_options = options._replace(dataclasses_repr=False)
    attribute._has_dataclass_arguments = True
