"""The same measures on PostgreSQL, of binary and of text columns, in a namespace of their own."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from fieldvault import BinaryForm, ExactIndex, PlainField, RecordCipher, Schema, SealedField, TextForm
from fieldvault.errors import TableNotAsDeclared, TableUnavailable
from fieldvault.normalise import EMAIL
from fieldvault.planning.table import measure_table
from fieldvault.testing import memory_keyrings

SCHEMA = Schema(
    "people", [PlainField("id", int), SealedField("email", index=ExactIndex(EMAIL, bits=16))], row_id="id"
)


@pytest.mark.parametrize(("form", "kind"), [(BinaryForm(), "bytea"), (TextForm(), "text")], ids=["binary", "text"])
def test_a_sealed_table_is_measured(postgresql_database: str, form: BinaryForm | TextForm, kind: str) -> None:
    cipher = RecordCipher(SCHEMA, memory_keyrings(), tenant="acme", form=form)
    addresses = [f"p{number % 30}@example.org" for number in range(120)] + [None] * 5
    rows = cipher.seal_many([{"id": number, "email": address} for number, address in enumerate(addresses)])
    engine = create_engine(postgresql_database)
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA crm"))
        connection.execute(text(f"CREATE TABLE crm.people (id int PRIMARY KEY, email {kind}, email_index {kind})"))
        connection.execute(
            text("INSERT INTO crm.people VALUES (:id, :email, :email_index)"),
            [{"email_index": None} | row for row in rows],
        )
    [measure] = measure_table(engine, SCHEMA, "crm.people")
    assert (measure.spread.rows, measure.spread.distinct, measure.nulls, measure.bits) == (120, 30, 5, 16)
    assert measure.spread.share_of_most_frequent(1) == pytest.approx(4 / 120)
    with pytest.raises(TableNotAsDeclared):
        measure_table(engine, SCHEMA, "people")
    engine.dispose()


def test_a_database_that_is_away_is_an_outage() -> None:
    with pytest.raises(TableUnavailable):
        measure_table(create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"), SCHEMA, "people")
