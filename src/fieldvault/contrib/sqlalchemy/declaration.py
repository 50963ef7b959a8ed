"""What was declared: of one encrypted attribute, and of the model that it is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fieldvault.access import AccessGate
from fieldvault.codec import Codec, NoPadding, Padding
from fieldvault.contrib.sqlalchemy.migrating import Migrating
from fieldvault.errors import SchemaError
from fieldvault.masking import Mask
from fieldvault.normalise import Normaliser
from fieldvault.schema import SealedField, Subject, Tenancy
from fieldvault.tokens import ExactIndex

Search = Normaliser[Any] | ExactIndex | Sequence[ExactIndex] | None
"""How an attribute is searched: by a normaliser, by an index that says more, by several, or not at all."""


class Declaration:
    """One encrypted attribute, before its column has a name and its annotation has been read.

    Part of SQLAlchemy's cache keys, by identity. Holds no key and nothing of a tenant.
    """

    def __init__(
        self,
        *,
        type_: type[Any] | Codec[Any] | None,
        search: Search,
        unique: bool,
        row_bound: bool,
        padding: Padding | None,
        seal_null: bool,
        mask: Mask | None,
        protected: AccessGate | None,
        migrating: Migrating | None = None,
    ) -> None:
        self.type = type_
        self.indexes = _indexes(search, unique)
        self.row_bound = row_bound
        self.padding = padding or NoPadding()
        self.seal_null = seal_null
        self.mask = mask
        self.protected = protected
        self.migrating = migrating

    def field(self, name: str) -> SealedField:
        """The schema's field, once the column's name is known. Raises `SchemaError` if its type is not."""
        if self.type is None:
            raise SchemaError(
                f"{name}: an encrypted attribute needs a type",
                hint="annotate it, Mapped[str], in a class that inherits from Encrypted; or encrypted(type_=str)",
            )
        return SealedField(
            name,
            self.type,
            row_bound=self.row_bound,
            index=self.indexes,
            padding=self.padding,
            seal_null=self.seal_null,
            mask=self.mask,
        )

    def __repr__(self) -> str:
        return "<Declaration>"


def declaration_of(column: Any) -> Declaration | None:
    """What was declared of a sealed column; None of any other."""
    found = getattr(getattr(column, "type", None), "declaration", None)
    return found if isinstance(found, Declaration) else None


@dataclass(frozen=True, slots=True)
class Encryption:
    """What is encrypted alike in all attributes of a model: `__encryption__ = Encryption(…)` in its class.

    `name` is the schema's name, by default the table's; values are bound to it for ever. `row_id` names the columns
    that identify a row for ever and are known before INSERT; by default the primary key if it is such, else a
    column `row_id` that is added. `tenant` names a column that says whose row it is; without one it is the scope's.
    `subject` names the column, or a `Subject`, of the person whose key seals the row.
    """

    name: str | None = None
    tenancy: Tenancy = Tenancy.PER_TENANT
    tenant: str | None = None
    subject: Subject | str | None = None
    row_id: Sequence[str] | str = field(default=())

    def __post_init__(self) -> None:
        if self.tenant is not None and self.tenancy is Tenancy.GLOBAL:
            raise SchemaError("a global model has no tenant's column", hint="leave out tenant or tenancy")

    @property
    def row_ids(self) -> tuple[str, ...]:
        return (self.row_id,) if isinstance(self.row_id, str) else tuple(self.row_id)


def _indexes(search: Search, unique: bool) -> tuple[ExactIndex, ...]:
    if search is None:
        if unique:
            raise SchemaError(
                "UNIQUE needs an index: envelopes of equal values differ", hint="encrypted(search=…, unique=True)"
            )
        return ()
    if isinstance(search, ExactIndex | Sequence):
        indexes = (search,) if isinstance(search, ExactIndex) else tuple(search)
        if unique or not all(isinstance(one, ExactIndex) for one in indexes):
            raise SchemaError(
                "an ORM attribute has exact indexes, each of which says itself whether it is unique",
                hint="search=ExactIndex(…, unique=True)",
            )
        return indexes
    return (ExactIndex(search, unique=unique),)
