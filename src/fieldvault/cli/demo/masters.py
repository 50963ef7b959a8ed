"""The masters as SQLite tables: binary columns for envelopes and index values, and an index on the latter."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from fieldvault.schema import Schema

BATCH = 2_000


class Masters:
    """One SQLite file with a table for each schema. A context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = sqlite3.connect(path)
        self._connection.row_factory = sqlite3.Row

    def create(self, schema: Schema) -> None:
        columns = [f"{name} {_affinity(schema, name)}" for name in columns_of(schema)]
        self._connection.execute(
            f"CREATE TABLE {schema.name} ({', '.join(columns)}, PRIMARY KEY ({schema.row_id[0]}))"
        )
        for field in schema.sealed.values():
            for index in field.indexes:
                column = field.index_column(index)
                self._connection.execute(f"CREATE INDEX {schema.name}_{column} ON {schema.name} ({column})")

    def insert(self, schema: Schema, rows: Sequence[Mapping[str, Any]]) -> None:
        """In one transaction."""
        columns = columns_of(schema)
        places = ", ".join("?" for _ in columns)
        values = [[row[column] for column in columns] for row in rows]
        with self._connection:
            self._connection.executemany(f"INSERT INTO {schema.name} VALUES ({places})", values)  # noqa: S608

    def batches(self, schema: Schema) -> Iterator[list[dict[str, Any]]]:
        """Every row, in the order of its row id."""
        cursor = self._connection.execute(f"SELECT * FROM {schema.name} ORDER BY {schema.row_id[0]}")  # noqa: S608
        while rows := cursor.fetchmany(BATCH):
            yield [dict(row) for row in rows]

    def row(self, schema: Schema, row_id: int) -> dict[str, Any]:
        query = f"SELECT * FROM {schema.name} WHERE {schema.row_id[0]} = ?"  # noqa: S608
        return dict(self._connection.execute(query, [row_id]).fetchone())

    def where_in(
        self, schema: Schema, column: str, values: Sequence[bytes]
    ) -> tuple[str, list[dict[str, Any]], str]:
        """The query, its rows, and how SQLite says it looks for them."""
        query = f"SELECT * FROM {schema.name} WHERE {column} IN ({', '.join('?' for _ in values)})"  # noqa: S608
        rows = [dict(row) for row in self._connection.execute(query, values)]
        plan = "; ".join(row["detail"] for row in self._connection.execute(f"EXPLAIN QUERY PLAN {query}", values))
        return query, rows, plan

    def forget(self, schema: Schema, row_id: int, column: str) -> None:
        """Set one cell to NULL."""
        with self._connection:
            self._connection.execute(
                f"UPDATE {schema.name} SET {column} = NULL WHERE {schema.row_id[0]} = ?",  # noqa: S608
                [row_id],
            )

    def backup(self, path: Path) -> None:
        with Masters(path) as copy:
            self._connection.backup(copy._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def columns_of(schema: Schema) -> list[str]:
    """The table's columns: fields in order, each index column after its field."""
    columns: list[str] = []
    for field in schema.fields.values():
        columns.append(field.name)
        if field.name in schema.sealed:
            sealed = schema.sealed[field.name]
            columns += [sealed.index_column(index) for index in sealed.indexes]
    return columns


def _affinity(schema: Schema, column: str) -> str:
    if column not in schema.plain:
        return "BLOB"
    return "INTEGER" if schema.plain[column].codec.python_type is int else "TEXT"
