"""Schema: the fields of one table or file, declared once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum

from fieldvault.core.context import encode_name
from fieldvault.errors import SchemaError
from fieldvault.schema.fields import PlainField, SealedField
from fieldvault.schema.indexes import DeclaredIndex, declared_indexes, find_index
from fieldvault.schema.subject import Subject
from fieldvault.tokens import CompoundIndex

ROW_ID_TAGS = (0x01, 0x02, 0x03, 0x0B)
"""Types that a row id may have (spec aad-v1 §4)."""


class Tenancy(StrEnum):
    """Whose keys a schema's values are sealed under."""

    PER_TENANT = "per-tenant"
    """Each tenant has its own keys; one tenant's values never open as another's, and their indexes do not join."""
    GLOBAL = "global"
    """One set of keys for all: for what must be unique or joined over tenants."""


class Schema:
    """What is sealed, how, and what it is bound to.

    `name` is part of what every ciphertext is bound to: it never changes once data is sealed. `row_id` names the
    plain field (or fields) that identify a row for ever. `subject` names the plain field that says whose data a
    row is; then its values are sealed under that person's own key, which can be shredded. Give a `Subject` where
    several schemas hold data of the same persons: a name alone makes persons of this schema only. `indexes` are
    those of several fields together; an index of one field is declared on the field.

    Raises `SchemaError` for anything contradictory.
    """

    def __init__(
        self,
        name: str,
        fields: Sequence[SealedField | PlainField],
        *,
        row_id: str | Sequence[str] = (),
        subject: Subject | str | None = None,
        tenancy: Tenancy = Tenancy.PER_TENANT,
        indexes: Sequence[CompoundIndex] = (),
    ) -> None:
        encode_name(name, "schema name")
        self.name = name
        self.fields = {field.name: field for field in fields}
        self.sealed = {field.name: field for field in fields if isinstance(field, SealedField)}
        self.plain = {field.name: field for field in fields if isinstance(field, PlainField)}
        self.row_id = (row_id,) if isinstance(row_id, str) else tuple(row_id)
        self.subject = Subject(subject, kind=name) if isinstance(subject, str) else subject
        self.tenancy = tenancy
        self.indexes = declared_indexes(name, self.sealed.values(), indexes)
        self.columns = self._columns(fields)
        self._check()
        used = [*self.sealed, *self.row_id, *([self.subject.field] if self.subject else [])]
        self.worked_on = list(dict.fromkeys(used))
        """What of a record is looked at: the sealed fields, the row id, the subject."""
        self.carried_along = [column for column in self.columns if column not in used]
        """What of a record stays as it is, or is made."""

    def field(self, name: str) -> SealedField:
        """The sealed field of that name. Raises `SchemaError` with the names there are."""
        try:
            return self.sealed[name]
        except KeyError:
            known = ", ".join(self.sealed)
            raise SchemaError(f"{self.name} has no sealed field {name}", hint=f"it has: {known}") from None

    def source_of(self, column: str) -> str:
        """The field that a column is made from: an index column's field, else the column itself."""
        return self._sources.get(column, column)

    def find_index(self, owner: str, name: str | None) -> DeclaredIndex:
        """The index of that name of a field, or its only one; `owner` may be a compound index's name.

        Raises `SchemaError` with what there is.
        """
        if owner not in {one.owner for one in self.indexes}:
            self.field(owner)
        return find_index(self.indexes, owner, name)

    @property
    def index_columns(self) -> Collection[str]:
        """Where index values go: every column that sealing writes besides the sealed fields."""
        return self._sources.keys()

    @property
    def lookup_columns(self) -> frozenset[str]:
        """Those of the index columns that look-ups ask: each needs a database index."""
        return frozenset(column for one in self.indexes for column in one.main_columns)

    @property
    def unique_columns(self) -> frozenset[str]:
        """Those of the index columns that need UNIQUE, each on its own."""
        return frozenset(column for one in self.indexes if one.index.is_unique for column in one.columns)

    @property
    def token_set_columns(self) -> frozenset[str]:
        """Those of the index columns that hold sets of tokens: text, whatever the form."""
        return frozenset(column for one in self.indexes if one.index.is_set for column in one.columns)

    def _columns(self, fields: Sequence[SealedField | PlainField]) -> frozenset[str]:
        self._sources: dict[str, str] = {}
        columns = [field.name for field in fields]
        for one in self.indexes:
            columns += one.columns
            self._sources |= dict.fromkeys(one.columns, one.fields[0])
        for column in columns:
            if columns.count(column) > 1:
                raise SchemaError(f"{self.name}: two fields or indexes want the column {column}")
        return frozenset(columns)

    def _check(self) -> None:
        for name in (*self.row_id, *([self.subject.field] if self.subject else [])):
            if name not in self.plain:
                raise SchemaError(
                    f"{self.name}: {name} identifies rows or subjects, so it must be one of the plain fields",
                    hint=f"add PlainField({name!r}, …)",
                )
        for name in self.row_id:
            if self.plain[name].codec.tag not in ROW_ID_TAGS:
                raise SchemaError(f"{self.name}: a row id is str, bytes, int or UUID, which {name} is not")
        bound = [field.name for field in self.sealed.values() if field.row_bound]
        if bound and not self.row_id:
            raise SchemaError(
                f"{self.name}: row-bound fields, but no row_id: {', '.join(bound)}",
                hint="name the column that identifies a row for ever, or declare row_bound=False",
            )

    def __repr__(self) -> str:
        return f"<Schema {self.name}: {len(self.sealed)} sealed, {len(self.plain)} plain>"
