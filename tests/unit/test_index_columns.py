"""Indexes of several columns by column: none of them is left behind, and sets of tokens stay text in Arrow."""

from __future__ import annotations

import pyarrow as pa
import pytest

from fieldvault import ExactIndex, PlainField, RecordCipher, Schema, SealedField
from fieldvault.errors import BatchError, SchemaError
from fieldvault.normalise import EMAIL, NAME
from fieldvault.rotation import IndexRotation
from fieldvault.tables import seal_table
from fieldvault.testing import memory_keyrings
from fieldvault.tokens import PrefixIndex, WordIndex

SCHEMA = Schema(
    "people",
    [
        PlainField("id", int),
        SealedField("email", index=ExactIndex(EMAIL, unique=True)),
        SealedField("name", index=[PrefixIndex(NAME, (2, 4)), WordIndex(NAME)]),
    ],
    row_id="id",
)
NAMES, EMAILS = ["Ann Li", None, "Bo"], ["ann@example.org", None, "bo@example.org"]


@pytest.fixture
def people() -> RecordCipher:
    return RecordCipher(SCHEMA, memory_keyrings(), tenant="acme")


@pytest.mark.parametrize(("field", "index"), [("email", None), ("name", "prefix")])
def test_one_column_of_several_is_refused(people: RecordCipher, field: str, index: str | None) -> None:
    with pytest.raises(SchemaError, match="is written to"):
        people.index_column(field, ["ann@example.org"], index=index)
    with pytest.raises(SchemaError, match="is written to"):
        people.index_column(field, pa.array(["ann@example.org"]), index=index)


def test_all_columns_are_those_that_records_get() -> None:
    keyrings = memory_keyrings()
    people = RecordCipher(SCHEMA, keyrings, tenant="acme")
    people.index_columns("email", EMAILS)  # makes the first key
    IndexRotation(keyrings, tenant="acme", tables=[]).start()
    people.index_keyring.forget_index_state()
    pairs = enumerate(zip(EMAILS, NAMES, strict=True))
    sealed = people.seal_many([{"id": at, "email": email, "name": name} for at, (email, name) in pairs])
    assert sealed[0]["email_index_next"] is not None
    for field, index in (("email", None), ("name", "prefix"), ("name", "words")):
        for given in (EMAILS, pa.array(EMAILS)) if field == "email" else (NAMES, pa.array(NAMES)):
            made = people.index_columns(field, given, index=index)
            assert made.keys() == set(SCHEMA.find_index(field, index).columns)
            for column, cells in made.items():
                as_list = cells if isinstance(cells, list) else cells.to_pylist()
                assert as_list == [one[column] for one in sealed]


def test_failures_are_by_position(people: RecordCipher) -> None:
    with pytest.raises(BatchError) as caught:
        people.index_columns("email", ["ann@example.org", "nobody"])
    assert set(caught.value.failures) == {1}


def test_sets_of_tokens_are_text_in_a_table_and_are_found(people: RecordCipher) -> None:
    table = seal_table(people, pa.table({"id": [1], "email": ["ann@example.org"], "name": ["Ann Li"]}))
    assert table.schema.field("name_words").type == pa.string()
    assert people.index_column("name", pa.array(["Ann Li"]), index="words").type == pa.string()
    assert people.search("name", "li", index="words").found_in(table["name_words"][0].as_py())
