"""TableBinding: the sealed columns of one table as a `Schema`, and whose keys a row is sealed under.

Rules of this file:

1. The schema's fields are the table's columns, by name: what reads the table without the ORM finds the same schema.
2. The keyrings belong to the table's `MetaData`. There is no global.
3. A row of another tenant than the scope's is refused, before any key is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Table

from fieldvault.contrib.sqlalchemy.declaration import Encryption, declaration_of
from fieldvault.contrib.sqlalchemy.migrating import CutOver, DualWrite
from fieldvault.contrib.sqlalchemy.protection import Protection
from fieldvault.contrib.sqlalchemy.row_ids import own_column, python_type
from fieldvault.contrib.sqlalchemy.sealed_value import Bound
from fieldvault.contrib.sqlalchemy.searched import AllSearched
from fieldvault.errors import SchemaError, ScopeError
from fieldvault.record import RecordCipher
from fieldvault.schema import PlainField, Schema, Subject, Tenancy
from fieldvault.scoping import current_acting, current_tenant

_TABLES = "fieldvault_tables"
"""In the metadata's `info`: Alembic writes a table's own into migrations."""


class TableBinding:
    """The sealed columns of `table`. `identity` are the columns that its values are bound to: row id, subject,
    tenant.

    Those may be in another table, the parent's, where models inherit. `own_names` says by which column of `table`
    each part of the row id is known in it, None where by none.
    """

    def __init__(self, table: Table, encryption: Encryption, row_id: Sequence[Column[Any]]) -> None:
        self.table = table
        self.tenancy = encryption.tenancy
        self.tenant = encryption.tenant
        self.row_id = {column.name: column for column in row_id}
        self.own_names = {column.name: own_column(table, column) for column in row_id}
        subject = encryption.subject
        self.subject = subject.field if isinstance(subject, Subject) else subject
        plain = {name: PlainField(name, column.type.python_type) for name, column in self.row_id.items()}
        if self.subject is not None and self.subject not in plain:
            plain[self.subject] = PlainField(self.subject, _column(table, self.subject).type.python_type)
        declared = [(column.name, declaration_of(column)) for column in table.columns]
        self.declared = {name: one for name, one in declared if one is not None}
        fields = [one.field(name) for name, one in self.declared.items()]
        self.schema = Schema(
            encryption.name or table.fullname,
            [*plain.values(), *fields],
            row_id=tuple(self.row_id),
            subject=subject,
            tenancy=encryption.tenancy,
        )
        missing = [name for name in self.schema.index_columns if name not in table.c]
        if missing:
            raise SchemaError(
                f"{table.fullname} lacks the index columns {', '.join(missing)}",
                hint="inherit from Encrypted, before Base; in a Table, *encrypted_columns(…) makes them",
            )
        self.bound_to = tuple(dict.fromkeys([*plain, *([self.tenant] if self.tenant else [])]))
        states = {name: one.migrating for name, one in self.declared.items()}
        self.dual_writes = {name: one.plain for name, one in states.items() if isinstance(one, DualWrite)}
        self.cut_overs = {name: one.plain for name, one in states.items() if isinstance(one, CutOver)}
        for name in self.plain_twins:
            _column(table, name)
        self.index_columns = {
            name: tuple(column for column in self.schema.index_columns if self.schema.source_of(column) == name)
            for name in self.schema.sealed
        }
        self.searched = AllSearched(
            table, self.schema, {name: next(iter(one.indexes), None) for name, one in self.declared.items()}
        )

    @property
    def plain_twins(self) -> frozenset[str]:
        """Plaintext columns that are written together with a sealed one, in a migration."""
        return frozenset([*self.dual_writes.values(), *self.cut_overs.values()])

    @property
    def guarded(self) -> frozenset[str]:
        """Columns that are written together, by what seals them, or not at all."""
        return frozenset([*self.schema.sealed, *self.schema.index_columns, *self.plain_twins])

    @classmethod
    def of(cls, table: Any) -> TableBinding:
        """The binding of a table. Raises `SchemaError` where it has none."""
        found = cls.find(table)
        if found is None:
            raise SchemaError(f"{getattr(table, 'name', 'the table')} is not mapped as a model with sealed columns")
        return found

    @classmethod
    def find(cls, table: Any) -> TableBinding | None:
        metadata = getattr(table, "metadata", None)
        found: TableBinding | None = None if metadata is None else metadata.info.get(_TABLES, {}).get(table.key)
        return found

    def remember(self) -> None:
        """From now on this is the table's binding."""
        self.table.metadata.info.setdefault(_TABLES, {})[self.table.key] = self

    def cipher(self, tenant: str | None) -> RecordCipher:
        """Seals and opens for one tenant. Raises `ConfigurationError` before `protect` was called."""
        return self.protection().cipher(self, self.schema, tenant)

    def protection(self) -> Protection:
        """The keyrings that the table uses. Raises `ConfigurationError` before `protect` was called."""
        return Protection.of(self.table.metadata)

    def cipher_of_scope(self) -> RecordCipher:
        """For the tenant of the scope. Raises `ScopeError` where there is none and one is needed."""
        return self.cipher(self.tenant_of_scope())

    def tenant_of_scope(self) -> str | None:
        """Whose rows are searched. Raises `ScopeError` where there is no scope and one is needed."""
        return None if self.tenancy is Tenancy.GLOBAL else current_tenant()

    def tenant_of(self, row: Mapping[str, Any]) -> str | None:
        """Whose row it is, from its tenant's column or the scope. Raises `ScopeError`, also where they differ."""
        if self.tenancy is Tenancy.GLOBAL:
            return None
        if self.tenant is None:
            return current_tenant()
        own = row.get(self.tenant)
        acting = current_acting()
        scope = None if acting is None else acting.tenant
        if own is None:
            return current_tenant()
        if scope is not None and scope != str(own):
            raise ScopeError(
                f"the row of {self.schema.name} belongs to another tenant than the scope's",
                hint="switch_scope(tenant=…) is the one way to cross tenants",
            )
        return str(own)

    def tenant_cell(self, tenant: str) -> Any:
        """A tenant as the tenant's column holds it. Raises `ScopeError` where it is no value of that column."""
        kind = None if self.tenant is None else python_type(_column(self.table, self.tenant))
        if kind is None or kind is str:
            return tenant
        try:
            return kind(tenant)
        except (TypeError, ValueError):
            pass
        raise ScopeError(f"the tenant of the scope is no {kind.__name__}, as {self.schema.name}.{self.tenant} is")

    def bound(self, tenant: str | None, row: Mapping[str, Any]) -> Bound:
        """What the values of a row are bound to."""
        ids = [row[name] for name in self.row_id]
        subject = None if self.subject is None else row[self.subject]
        return tenant, ids[0] if len(ids) == 1 else tuple(ids), subject

    def __repr__(self) -> str:
        return f"<TableBinding {self.schema.name}>"


def sealed_columns(table: Any) -> list[Column[Any]]:
    """The columns of a table that are sealed."""
    return [column for column in table.columns if declaration_of(column) is not None]


def _column(table: Table, name: str) -> Column[Any]:
    if name not in table.c:
        raise SchemaError(f"{table.fullname} has no column {name}")
    return table.c[name]
