"""ModelBinding: which attributes of a mapped class are sealed, in which table, bound to what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Table
from sqlalchemy.orm import InstanceState, Mapper
from sqlalchemy.orm.exc import UnmappedColumnError

from fieldvault.contrib.sqlalchemy.columns import ROW_ID
from fieldvault.contrib.sqlalchemy.declaration import Encryption, declaration_of
from fieldvault.contrib.sqlalchemy.row_ids import is_row_id, python_type
from fieldvault.contrib.sqlalchemy.table_binding import TableBinding, sealed_columns
from fieldvault.errors import SchemaError

_KEY = "fieldvault"
REMEMBERED = "fieldvault_bound_to"
"""In an object's `InstanceState.info`: what its values are bound to, which outlives expiry because it never
changes."""


class Part:
    """The sealed attributes of a model that are in one table."""

    __slots__ = (
        "binding",
        "bound_to",
        "cut_overs",
        "dual_writes",
        "fields",
        "index_columns",
        "only_row_id",
        "row_id",
    )

    def __init__(self, mapper: Mapper[Any], binding: TableBinding) -> None:
        self.binding = binding
        columns = binding.table.c
        mapped = [name for name in binding.schema.sealed if _maps(mapper, columns[name])]
        self.fields = {name: _key(mapper, columns[name]) for name in mapped}
        self.index_columns = {
            column: _key(mapper, columns[column]) for name in mapped for column in binding.index_columns[name]
        }
        self.dual_writes = {name: _key(mapper, columns[plain]) for name, plain in binding.dual_writes.items()}
        self.cut_overs = {name: _key(mapper, columns[plain]) for name, plain in binding.cut_overs.items()}
        self.row_id = {name: _key(mapper, column) for name, column in binding.row_id.items()}
        others = {name: _key(mapper, columns[name]) for name in binding.bound_to if name not in self.row_id}
        self.bound_to = self.row_id | others
        self.only_row_id = next(iter(self.row_id.values())) if len(self.bound_to) == len(self.row_id) == 1 else None


class ModelBinding:
    """The sealed attributes of one mapped class, inherited ones included. `attributes` finds each one's part."""

    def __init__(self, mapper: Mapper[Any]) -> None:
        self.mapper = mapper
        encryption: Encryption = getattr(mapper.class_, "__encryption__", Encryption())
        self.parts = [Part(mapper, _bound(mapper, table, encryption)) for table in _sealed_tables(mapper)]
        self.attributes = {key: (part, name) for part in self.parts for name, key in part.fields.items()}
        primary = {mapper.get_property_by_column(column).key for column in mapper.primary_key}
        self.primary_key = {
            mapper.get_property_by_column(column).key: at for at, column in enumerate(mapper.primary_key)
        }
        bound = {key for part in self.parts for key in part.bound_to.values()}
        self.to_remember = tuple(sorted(bound - primary))

    @classmethod
    def of(cls, mapper: Mapper[Any]) -> ModelBinding | None:
        """The binding of a mapper, None where nothing of it is sealed."""
        found: ModelBinding | None = vars(mapper).get(_KEY)
        return found

    @classmethod
    def make(cls, mapper: Mapper[Any]) -> ModelBinding | None:
        """Bind a mapper that was just made, if it has anything sealed. Raises `SchemaError`."""
        made = cls(mapper) if _sealed_tables(mapper) else None
        if made is not None:
            vars(mapper)[_KEY] = made
        return made

    def refuse_second_attributes(self) -> None:
        """Raises `SchemaError` where a sealed column has two attributes, of which one would be written unsealed."""
        for part in self.parts:
            for name, key in part.fields.items():
                column = part.binding.table.c[name]
                keys = [one.key for one in self.mapper.column_attrs if _is_over(one.columns[0], column)]
                if keys != [key]:
                    raise SchemaError(
                        f"{part.binding.schema.name}.{name} is mapped more than once: {', '.join(keys)}",
                        hint="for a second name, synonym(…)",
                    )

    def bound_values(self, part: Part, state: InstanceState[Any], held: Mapping[str, Any]) -> dict[str, Any]:
        """What an object's values are bound to, by column, without a query where it was ever loaded."""
        values: dict[str, Any] = {}
        for name, key in part.bound_to.items():
            value = held.get(key)
            if value is None and state.key is not None and key in self.primary_key:
                value = state.key[1][self.primary_key[key]]
            if value is None and REMEMBERED in state.info:
                value = state.info[REMEMBERED].get(key)
            values[name] = value
        return values

    def remember(self, state: InstanceState[Any], held: Mapping[str, Any]) -> None:
        """Keep what the values are bound to, for when the object is expired."""
        if self.to_remember:
            known = {key: held[key] for key in self.to_remember if held.get(key) is not None}
            state.info[REMEMBERED] = {**state.info.get(REMEMBERED, {}), **known}


def _sealed_tables(mapper: Mapper[Any]) -> list[Table]:
    return [table for table in mapper.tables if isinstance(table, Table) and sealed_columns(table)]


def _bound(mapper: Mapper[Any], table: Table, encryption: Encryption) -> TableBinding:
    found = TableBinding.find(table)
    if found is None or found.schema.sealed.keys() != {column.name for column in sealed_columns(table)}:
        inherited = mapper.inherits is not None and table in mapper.inherits.tables
        if inherited and found is not None:
            encryption = Encryption(found.schema.name, found.tenancy, found.tenant, found.schema.subject)
        made = TableBinding(table, encryption, _row_id(mapper, table, encryption))
        made.remember()
        return made
    return found


def _row_id(mapper: Mapper[Any], table: Table, encryption: Encryption) -> list[Column[Any]]:
    if encryption.row_ids:
        return [table.c[name] for name in encryption.row_ids]
    tables = [one for one in mapper.tables if isinstance(one, Table)]
    added = [column for one in tables for column in one.columns if column.info.get(ROW_ID)]
    return added[:1] or list(_known_keys(mapper, table))


def _known_keys(mapper: Mapper[Any], table: Table) -> list[Column[Any]]:
    keys = [column for column in mapper.primary_key if isinstance(column, Column)]
    if all(is_row_id(column, python_type(column)) for column in keys):
        return keys
    if not any(one.row_bound for one in map(declaration_of, table.columns) if one is not None):
        return []
    raise SchemaError(
        f"{table.fullname}: its primary key is not known before INSERT, so values cannot be bound to it",
        hint="inherit from Encrypted, which adds row_id; or name columns that are: Encryption(row_id=…)",
    )


def _is_over(expression: Any, column: Column[Any]) -> bool:
    return any(one is column for one in expression.base_columns)


def _maps(mapper: Mapper[Any], column: Column[Any]) -> bool:
    try:
        mapper.get_property_by_column(column)
    except UnmappedColumnError:
        return False
    return True


def _key(mapper: Mapper[Any], column: Column[Any]) -> str:
    return mapper.get_property_by_column(column).key
