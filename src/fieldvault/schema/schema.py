"""Schema: the fields of one table or file, declared once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum

from fieldvault.core.context import encode_name
from fieldvault.errors import SchemaError
from fieldvault.schema.fields import PlainField, SealedField
from fieldvault.schema.subject import Subject

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
    several schemas hold data of the same persons: a name alone makes persons of this schema only.

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
    ) -> None:
        encode_name(name, "schema name")
        self.name = name
        self.fields = {field.name: field for field in fields}
        self.sealed = {field.name: field for field in fields if isinstance(field, SealedField)}
        self.plain = {field.name: field for field in fields if isinstance(field, PlainField)}
        self.row_id = (row_id,) if isinstance(row_id, str) else tuple(row_id)
        self.subject = Subject(subject, kind=name) if isinstance(subject, str) else subject
        self.tenancy = tenancy
        self.columns = self._columns(fields)
        self._check()

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

    @property
    def index_columns(self) -> Collection[str]:
        """Where index values go."""
        return self._sources.keys()

    def _columns(self, fields: Sequence[SealedField | PlainField]) -> frozenset[str]:
        self._sources: dict[str, str] = {}
        columns: list[str] = []
        for field in fields:
            columns.append(field.name)
            if isinstance(field, SealedField):
                for index in field.indexes:
                    columns.append(field.index_column(index))
                    self._sources[columns[-1]] = field.name
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
