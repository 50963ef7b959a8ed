"""Arrow tables sealed and opened as a whole (`tables.py`)."""

from __future__ import annotations

import pyarrow as pa
import pytest
from plugins.customers import CUSTOMERS, PEOPLE, cipher, customer, person

from fieldvault import BatchError, ExactIndex, PlainField, Schema, SealedField
from fieldvault.errors import SchemaError
from fieldvault.normalise import EMAIL
from fieldvault.tables import open_table, seal_table

TABLE = pa.Table.from_pylist([customer(n, country=None if n == 2 else "UK") for n in range(1, 6)])


def test_a_table_there_and_back() -> None:
    records = cipher()
    sealed = seal_table(records, TABLE)
    assert sealed.column_names == ["id", "email", "iban", "country", "email_index"]
    assert sealed["id"].equals(TABLE["id"])
    assert records.open_many(sealed.to_pylist()) == TABLE.to_pylist()
    assert open_table(records, sealed).equals(TABLE)
    for given in (TABLE.to_batches()[0], pa.RecordBatchReader.from_batches(TABLE.schema, TABLE.to_batches())):
        assert open_table(records, seal_table(records, given)).equals(TABLE)
    found = records.index_values("email", "ADA3@example.org")
    assert [value in found for value in sealed["email_index"].to_pylist()] == [False, False, True, False, False]


def test_columns_that_are_not_there_stay_away() -> None:
    records = cipher()
    some = TABLE.select(["id", "iban"])
    assert seal_table(records, some).column_names == ["id", "iban"]
    assert open_table(records, seal_table(records, some)).equals(some)
    assert seal_table(records, TABLE.slice(0, 0)).num_rows == 0


def test_persons_with_keys_and_unique_indexes() -> None:
    people = cipher(PEOPLE)
    table = pa.Table.from_pylist([person(n) for n in range(3)])
    assert open_table(people, seal_table(people, table)).equals(table)
    unique = Schema(
        "u", [PlainField("id", int), SealedField("email", index=ExactIndex(EMAIL, unique=True))], row_id="id"
    )
    records = cipher(unique)
    table = pa.table({"id": [1, 2], "email": ["a@x.example", None]})
    sealed = seal_table(records, table)
    assert sealed.column_names == ["id", "email", "email_index", "email_index_next"]
    assert open_table(records, sealed).equals(table)


def test_failures_of_all_columns_by_position() -> None:
    records = cipher()
    bad = TABLE.set_column(1, "email", pa.array(["ada@x.example", "none", "ada@x.example", "none", None]))
    with pytest.raises(BatchError) as raised:
        seal_table(records, bad)
    assert list(raised.value.failures) == [1, 3]
    rows = seal_table(records, TABLE).to_pylist()
    rows[0]["iban"], rows[4]["country"] = rows[1]["iban"], b"nothing"
    with pytest.raises(BatchError) as raised:
        open_table(records, pa.Table.from_pylist(rows))
    assert sorted(raised.value.failures) == [0, 4]


def test_what_does_not_fit_the_schema() -> None:
    records = cipher()
    for wrong in (
        TABLE.append_column("more", TABLE["id"]),
        TABLE.append_column("id", TABLE["id"]),
        TABLE.drop_columns(["id"]),
        TABLE.to_pylist(),
        "table",
    ):
        with pytest.raises(SchemaError):
            seal_table(records, wrong)
        with pytest.raises(SchemaError):
            open_table(records, wrong)
    assert CUSTOMERS.row_id == ("id",)
