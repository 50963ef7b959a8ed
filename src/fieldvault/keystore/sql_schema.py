"""Creating the tables, by as many processes at once as there are, and the portable "insert unless there"."""

from __future__ import annotations

from sqlalchemy import Insert, Table, func, select
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateTable

from fieldvault.keystore import tables

_CREATION_LOCK = int.from_bytes(b"fvkeysto", "big")
"""An advisory lock's number in PostgreSQL; any number that nobody else uses."""


def create_tables(connection: Connection) -> None:
    """Create what is missing. A store that says it is of another format is left as it is."""
    if connection.dialect.name == "postgresql":
        # Two CREATE TABLE IF NOT EXISTS at once can collide in PostgreSQL's own catalogue.
        connection.execute(select(func.pg_advisory_xact_lock(_CREATION_LOCK)))
    for table in tables.metadata.sorted_tables:
        connection.execute(CreateTable(table, if_not_exists=True))
    column = tables.key_store.c.format_version
    if connection.execute(select(column)).first() is None:
        statement = insert_absent(connection, tables.key_store, [column.name])
        connection.execute(statement, {column.name: tables.FORMAT})


def insert_absent(connection: Connection, table: Table, unique: list[str]) -> Insert:
    """INSERT that passes over a row whose `unique` columns are there already, and over nothing else.

    MySQL cannot name the constraint: there, a row that violates any UNIQUE constraint is passed over.
    """
    match connection.dialect.name:
        case "sqlite":
            return sqlite.insert(table).on_conflict_do_nothing(index_elements=unique)
        case "postgresql":
            return postgresql.insert(table).on_conflict_do_nothing(index_elements=unique)
        case _:
            # Not INSERT IGNORE, which would also swallow values that are too long or NULL.
            return mysql.insert(table).on_duplicate_key_update({unique[0]: table.c[unique[0]]})
