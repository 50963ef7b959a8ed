"""The SQL that creates the key store's tables (keystore/tables.py), for Django's schema editor and `sqlmigrate`."""

from __future__ import annotations

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from fieldvault.errors import ConfigurationError
from fieldvault.keystore import tables

_DIALECTS: dict[str, type[Dialect]] = {"postgresql": postgresql.dialect, "sqlite": sqlite.dialect}


def statements(vendor: str) -> list[str]:
    """CREATE TABLE … IF NOT EXISTS for each, and the row that says which format they are of."""
    kind = _DIALECTS.get(vendor)
    if kind is None:
        raise ConfigurationError(f"the key store cannot be in {vendor}", hint="FIELDVAULT['keystore'] = {'url': …}")
    dialect = kind()
    found = []
    for table in tables.metadata.sorted_tables:
        found.append(str(CreateTable(table, if_not_exists=True).compile(dialect=dialect)))
        found += [str(CreateIndex(one, if_not_exists=True).compile(dialect=dialect)) for one in table.indexes]
    name, column = tables.key_store.name, tables.key_store.c.format_version.name
    found.append(
        f"INSERT INTO {name} ({column}) SELECT {tables.FORMAT} WHERE NOT EXISTS (SELECT 1 FROM {name})"  # noqa: S608
    )
    return [one.strip() for one in found]
