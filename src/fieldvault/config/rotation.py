"""`[rotation]`: the tables of `[database]` whose keys are rotated: all that hold rows of a tenant.

[rotation.table.customer]
schema = "customer"
tenant_column = "tenant"                        # where rows of several tenants are in it
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fieldvault.columns.form import BinaryForm, Form, TextForm
from fieldvault.config.section import Section
from fieldvault.schema import Schema, Tenancy

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from fieldvault.rotation import IndexedTable, SealedTable
    from fieldvault.rotation.keys import CountedTable

TABLE_KEYS = ("schema", "name", "key", "tenant_column", "form")
_FORMS: Mapping[str, type[BinaryForm] | type[TextForm]] = {"binary": BinaryForm, "text": TextForm}


@dataclass(frozen=True, slots=True)
class RotatedTableConfig:
    """One table, by its `name` in the database."""

    schema: Schema
    name: str
    key: tuple[str, ...]
    tenant_column: str | None
    form: Form

    def sealed(self, engine: Engine, *, others: Iterable[str] = ()) -> SealedTable:
        """The table to re-encrypt; `others` are further columns to read. Raises `MissingExtra`, `SchemaError`."""
        from fieldvault.rotation import SealedTable

        return SealedTable(
            engine,
            self.schema,
            self.name,
            key=self.key,
            tenant_column=self.tenant_column,
            form=self.form,
            others=others,
        )

    def build(self, engine: Engine) -> IndexedTable:
        """The table whose index keys are rotated. Raises `MissingExtra`, `SchemaError`."""
        from fieldvault.rotation import IndexedTable

        return IndexedTable(
            engine, self.schema, self.name, key=self.key, tenant_column=self.tenant_column, form=self.form
        )

    def counted(self, engine: Engine) -> CountedTable:
        """The table whose rows are counted by the data keys that they need. Raises `MissingExtra`."""
        from fieldvault.rotation.keys import CountedTable

        return CountedTable(engine, self.schema, self.name, form=self.form)


@dataclass(frozen=True, slots=True)
class RotationConfig:
    """`slowest_write` in seconds, as for `IndexRotation` and `KeyOperations`; `lock` as its `lock_seconds`."""

    tables: tuple[RotatedTableConfig, ...] = ()
    slowest_write: float = 60.0
    lock: float = 60.0

    @classmethod
    def read(cls, section: Section, schemas: Mapping[str, Schema]) -> RotationConfig:
        """Raises `ConfigurationError`."""
        section.only("slowest_write_seconds", "lock_seconds", "table")
        tables = section.section("table")
        found = tuple(_table(tables.section(name), name, schemas) for name in tables.names)
        return cls(found, section.seconds("slowest_write_seconds", 60.0), section.seconds("lock_seconds", 60.0))

    def tables_for(self, tenant: str | None) -> tuple[RotatedTableConfig, ...]:
        """Those that a tenant's rows are in; the global ones for None."""
        return tuple(one for one in self.tables if (one.schema.tenancy is Tenancy.GLOBAL) == (tenant is None))


def _table(section: Section, name: str, schemas: Mapping[str, Schema]) -> RotatedTableConfig:
    section.only(*TABLE_KEYS)
    schema = section.choice("schema", schemas) or name
    if schema not in schemas:
        raise section.error("schema", "is missing", hint=f"one of: {', '.join(schemas) or 'none is declared'}")
    form = section.choice("form", _FORMS) or "binary"
    return RotatedTableConfig(
        schemas[schema],
        section.text("name") or name,
        section.texts("key"),
        section.text("tenant_column"),
        _FORMS[form](),
    )
