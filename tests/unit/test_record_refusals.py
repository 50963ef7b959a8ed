"""Records that do not fit: refused by name and position, before a key is touched; and whose a record is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from plugins.customers import PEOPLE, cipher, customer, person

from fieldvault import BatchError, FieldvaultError, PlainField, Schema, SealedField, Stage
from fieldvault.errors import NotIndexable, OpenError, SchemaError, ValueRefused
from fieldvault.testing import memory_keyrings

WRONG_ROW_IDS = {
    int: ["1", 1.0, True, None, b"1"],
    str: [1, None, b"1", ""],
    bytes: ["1", None, b""],
    UUID: ["1", 1, None],
}


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"email": 7}, ValueRefused, "email"),
        ({"email": b"a@b.example"}, ValueRefused, "email"),
        ({"iban": "\ud800"}, ValueRefused, "iban"),
        ({"email": "no mail"}, NotIndexable, "email"),
        ({"id": None}, ValueRefused, "id"),
        ({"id": "1"}, ValueRefused, "id"),
        ({"id": True}, ValueRefused, "id"),
        ({"id": 1.0}, ValueRefused, "id"),
        ({"extra": 1}, SchemaError, None),
        ({"Email": "a@b.example"}, SchemaError, None),
    ],
)
def test_a_record_that_does_not_fit(
    change: dict[str, Any], error: type[FieldvaultError], field: str | None
) -> None:
    records = cipher()
    with pytest.raises(error) as raised:
        records.seal(customer() | change)
    assert raised.value.field == field
    result = records.seal_many_partially([customer(1), customer(2) | change, customer(3)])
    assert [type(one) for one in result.failures.values()] == [error]
    assert result.values[1] is None
    assert [at for at, _ in result.good()] == [0, 2]
    assert records.open_many([record for _, record in result.good()]) == [customer(1), customer(3)]


def test_two_unhappy_fields_of_a_record_are_one_failure() -> None:
    result = cipher().seal_many_partially([customer(email=7, iban=8), customer(2)])
    assert list(result.failures) == [0]


@pytest.mark.parametrize("declared", [int, str, bytes, UUID])
def test_a_row_id_of_the_wrong_type_is_refused(declared: type) -> None:
    schema = Schema("t", [PlainField("id", declared), SealedField("v")], row_id="id")
    wrong = {
        int: ["1", 1.0, True, None, b"1"],
        str: [1, None, b"1", ""],
        bytes: ["1", None, b""],
        UUID: ["1", 1, None],
    }
    for one in wrong[declared]:
        with pytest.raises(FieldvaultError) as raised:
            cipher(schema).seal({"id": one, "v": "x"})
        assert raised.value.field == "id"


def test_row_ids_of_two_types_are_two_rows() -> None:
    keyrings = memory_keyrings()
    number, text = (
        cipher(Schema("t", [PlainField("id", declared), SealedField("v")], row_id="id"), keyrings)
        for declared in (int, str)
    )
    sealed = number.seal({"id": 7, "v": "x"})
    with pytest.raises(OpenError) as raised:
        text.open(sealed | {"id": "7"})
    assert raised.value.stage is Stage.AUTHENTICATE


def test_composite_row_ids() -> None:
    schema = Schema("t", [PlainField("a"), PlainField("b", int), SealedField("v")], row_id=("a", "b"))
    records = cipher(schema)
    given = [{"a": "x", "b": 1, "v": "1"}, {"a": "x", "b": 2, "v": "2"}, {"a": "y", "b": 1, "v": "3"}]
    sealed = records.seal_many(given)
    assert records.open_many(sealed) == given
    for one in range(3):
        for other in range(3):
            if one != other:
                with pytest.raises(OpenError):
                    records.open(sealed[one] | {"v": sealed[other]["v"]})
    column = records.seal_column("v", ["1", "2"], row_ids=[("x", 1), ("x", 2)])
    assert records.open_column("v", column, row_ids=[("x", 1), ("x", 2)]) == ["1", "2"]
    for ids in ([("x", 1)], [("x", 1), ("x",)], [("x", 1), "x2"], ["x1", "x2"], [["x", 1], ["x", 2]]):
        with pytest.raises(SchemaError):
            records.seal_column("v", ["1", "2"], row_ids=ids)
    with pytest.raises(BatchError) as raised:
        records.seal_column("v", ["1", "2", "3"], row_ids=[("x", 1), ("", 1), ("x", None)])
    assert raised.value.failures.keys() == {1, 2}


# --- people -----------------------------------------------------------------------------------


def test_people_have_keys_of_their_own() -> None:
    records = cipher(PEOPLE)
    given = [person(1), person(2), person(3, person="p1")]
    sealed = records.seal_many(given)
    key_ids = [record["email"][1:17] for record in sealed]
    assert key_ids[0] == key_ids[2] != key_ids[1]
    assert records.open_many(sealed) == given
    column = records.seal_column("country", ["UK", None, "JO"], subjects=["p1", "p2", "p9"])
    assert records.open_column("country", column, subjects=["p1", "p2", "p9"]) == ["UK", None, "JO"]


@pytest.mark.parametrize("subject", [None, "", "x" * 256, "a\nb", "\ud800"])
def test_a_record_must_say_whose_it_is(subject: str | None) -> None:
    records = cipher(PEOPLE)
    result = records.seal_many_partially([person(1, person=subject), person(2)])
    assert [(at, error.field) for at, error in result.failures.items()] == [(0, "person")]
    with pytest.raises(SchemaError, match="subjects is needed"):
        records.seal_column("country", ["UK"])
    with pytest.raises(SchemaError, match="1 subjects for 2 values"):
        records.open_column("country", [None, None], subjects=["p1"])


@pytest.mark.parametrize(
    ("declared", "wrong"),
    [(int, "7"), (int, 7.0), (int, True), (str, 7), (str, b"7"), (UUID, "12345678-1234-5678-1234-567812345678")],
)
def test_a_subject_of_another_type_is_refused_and_not_another_person(declared: type, wrong: object) -> None:
    # 7.0 and "7" would each get a key of its own, which the erasure of 7 misses.
    schema = Schema("t", [PlainField("who", declared), SealedField("v", row_bound=False)], subject="who")
    records = cipher(schema)
    result = records.seal_many_partially([{"who": wrong, "v": "x"}])
    assert [type(error) for error in result.failures.values()] == [ValueRefused]


def test_the_subjects_of_a_numeric_field_are_its_text() -> None:
    schema = Schema("t", [PlainField("who", int), SealedField("v", row_bound=False)], subject="who")
    records = cipher(schema)
    sealed = records.seal({"who": 7, "v": "x"})
    assert records.open(sealed) == {"who": 7, "v": "x"}
    assert len(records.shred_subjects([7])) == 1


# --- what is no record, no list ----------------------------------------------------------------


@pytest.mark.parametrize("nothing", [None, 7, "id", [("id", 1)]])
def test_what_is_no_mapping_is_that_items_failure(nothing: object) -> None:
    records = cipher()
    good = customer()
    sealed = records.seal_many_partially([good, nothing])  # type: ignore[list-item]
    assert [type(error) for error in sealed.failures.values()] == [SchemaError]
    assert list(sealed.failures) == [1]
    opened = records.open_many_partially([sealed.values[0], nothing])  # type: ignore[list-item]
    assert opened.values == [good, None]


@pytest.mark.parametrize("nothing", [iter([{}]), "ab", 7])
def test_what_is_no_list_is_a_typed_error(nothing: Any) -> None:
    schema = Schema("t", [SealedField("v", row_bound=False)])
    records = cipher(schema)
    for work in (records.seal_many, records.open_many, records.seal_many_partially):
        with pytest.raises(SchemaError):
            work(nothing)
    with pytest.raises(SchemaError):
        records.seal_column("v", nothing)
    with pytest.raises(SchemaError):
        cipher().seal_column("email", ["a@b.example"], row_ids=nothing)
