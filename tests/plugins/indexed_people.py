"""A table of people with a unique e-mail index and a plain name index, for the tests of index rotation."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text, insert, select, update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from fieldvault import ExactIndex, PlainField, RecordCipher, Schema, SealedField
from fieldvault.normalise import EMAIL, NAME
from fieldvault.tokens import WordIndex

PEOPLE = Schema(
    "people",
    [
        PlainField("id", int),
        SealedField("email", index=ExactIndex(EMAIL, unique=True)),
        SealedField("name", index=[ExactIndex(NAME), WordIndex(NAME)]),
    ],
    row_id="id",
)
people = Table(
    "people",
    MetaData(),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("tenant", Text, nullable=False, server_default="acme"),
    Column("email", LargeBinary),
    Column("name", LargeBinary),
    *(
        Column(
            name,
            Text if name in PEOPLE.token_set_columns else LargeBinary,
            unique=name in PEOPLE.unique_columns,
            index=name in PEOPLE.lookup_columns - PEOPLE.unique_columns,
        )
        for name in PEOPLE.index_columns
    ),
)


def person(number: int, **changes: Any) -> dict[str, Any]:
    return {"id": number, "email": f"p{number}@example.org", "name": f"Person Nr{number}"} | changes


def add(engine: Engine, cipher: RecordCipher, *records: dict[str, Any]) -> bool:
    """Whether the rows went in; False where a UNIQUE constraint refused one."""
    sealed = cipher.seal_many(records)
    try:
        with engine.begin() as connection:
            connection.execute(insert(people), sealed)
    except IntegrityError:
        return False
    return True


def change(engine: Engine, cipher: RecordCipher, record: dict[str, Any]) -> bool:
    """Whether the row was changed; False where a UNIQUE constraint refused it."""
    sealed = cipher.seal(record)
    try:
        with engine.begin() as connection:
            connection.execute(update(people).where(people.c.id == sealed.pop("id")).values(sealed))
    except IntegrityError:
        return False
    return True


def find(engine: Engine | Connection, cipher: RecordCipher, field: str, value: str) -> list[int]:
    """The ids of the people found by an exact index."""
    column = people.c[cipher.schema.field(field).index_column(cipher.schema.field(field).indexes[0])]
    query = select(people.c["id", "email", "name"]).where(
        column.in_(cipher.index_values(field, value, index="index"))
    )
    if isinstance(engine, Engine):
        with engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
    else:
        rows = [dict(row) for row in engine.execute(query).mappings()]
    return sorted(one["id"] for one in cipher.confirm(field, value, cipher.open_many(rows), index="index"))
