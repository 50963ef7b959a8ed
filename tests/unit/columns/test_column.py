"""A column on its way: positions, failures, and what is left out (`columns/column.py`, `columns/form.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from plugins.customers import cipher, customer

from fieldvault import BatchError, BatchResult, BinaryForm, SealError, TextForm
from fieldvault.columns.column import Column, each
from fieldvault.columns.form import envelope_bytes
from fieldvault.core.envelope import ENVELOPE_PREFIX, INDEX_PREFIX, to_text
from fieldvault.errors import EnvelopeMalformed, KekUnavailable, SchemaError, ValueRefused
from fieldvault.testing import FakeKek, memory_keyrings


def halved(values: Sequence[int]) -> list[int]:
    if any(value % 2 for value in values):
        raise ValueRefused("odd")
    return [value // 2 for value in values]


def test_the_happy_path_asks_once_for_all() -> None:
    calls: list[int] = []

    def many(values: Sequence[int]) -> list[int]:
        calls.append(len(values))
        return halved(values)

    assert each([2, 4], many, lambda value: halved([value])[0]) == ([1, 2], {})
    results, failures = each([2, 3, 6], many, lambda value: halved([value])[0])
    assert (results, list(failures), calls) == ([1, None, 3], [1], [2, 3])
    assert failures[1].__traceback__ is None


def test_what_is_no_failure_of_a_value_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        each([1], lambda values: [1 // 0], lambda value: 1)


def test_positions_are_those_of_the_batch_through_every_step() -> None:
    column = Column([None, 4, 3, None, 8, 5, 12])
    column.step(halved)
    assert (list(column.positions), list(column.values), sorted(column.failures)) == ([1, 4, 6], [2, 4, 6], [2, 5])
    column.leave_out([4, 0, 99])
    column.step(halved)
    assert (list(column.positions), list(column.values)) == ([1, 6], [1, 3])
    assert column.pick("abcdefg") == ["b", "g"]
    assert column.spread() == [None, 1, None, None, None, None, 3]


def test_a_whole_column_is_not_copied_to_pick_from_it() -> None:
    column, rows = Column([2, 4]), [b"1", b"2"]
    assert column.pick(rows) is rows
    assert column.pick(None) is None
    assert Column([]).spread() == []


def test_the_two_forms() -> None:
    sealed = [b"\x01" + bytes(60), b"\x01" * 50]
    assert list(BinaryForm().envelopes(sealed)) == list(BinaryForm().index_values(sealed)) == sealed
    assert TextForm().envelopes(sealed) == [to_text(ENVELOPE_PREFIX, one) for one in sealed]
    assert TextForm().index_values(sealed) == [to_text(INDEX_PREFIX, one) for one in sealed]
    for cell in (sealed[0], bytearray(sealed[0]), memoryview(sealed[0]), TextForm().envelopes(sealed)[0]):
        assert envelope_bytes(cell) == sealed[0]
        assert type(envelope_bytes(cell)) is bytes


@pytest.mark.parametrize("cell", [1, 1.5, True, ["a"], {"a": 1}, object])
def test_a_cell_of_another_type_is_no_envelope_and_not_shown(cell: Any) -> None:
    with pytest.raises(EnvelopeMalformed) as raised:
        envelope_bytes(cell)
    assert raised.value.message == f"a cell of type {type(cell).__name__} is no envelope"


def test_a_result_shows_counts_only() -> None:
    result = BatchResult(["jane", None], {1: SealError("refused")})
    assert repr(result) == "<BatchResult: 1 good, 1 failed>"
    assert list(result.good()) == [(0, "jane")]


# --- columns through the public methods -------------------------------------------------------------


def test_a_column_and_records_are_sealed_for_the_same_place() -> None:
    records = cipher()
    sealed = records.seal_column("email", ["a@b.example", None, "c@d.example"], row_ids=[1, 2, 3])
    assert records.open_many([{"id": 1, "email": sealed[0]}, {"id": 2, "email": sealed[1]}]) == [
        {"id": 1, "email": "a@b.example"},
        {"id": 2, "email": None},
    ]
    assert records.open_column("email", [records.seal(customer())["email"]], row_ids=[1]) == [customer()["email"]]


def test_row_ids_are_needed_exactly_where_the_field_is_bound() -> None:
    records = cipher()
    with pytest.raises(SchemaError, match="row_ids is needed"):
        records.seal_column("email", ["a@b.example"])
    with pytest.raises(SchemaError, match="2 row_ids for 1 values"):
        records.seal_column("email", ["a@b.example"], row_ids=[1, 2])
    with pytest.raises(SchemaError, match="no sealed field"):
        records.seal_column("id", [1])
    with pytest.raises(SchemaError, match="no sealed field"):
        records.open_column("nope", [b""])
    assert len(records.seal_column("country", ["UK"])) == 1


def test_all_or_none_and_a_part_on_request() -> None:
    records = cipher()
    with pytest.raises(BatchError) as raised:
        records.seal_column("iban", ["1", 2, "3"], row_ids=[1, 2, None])
    assert raised.value.failures.keys() == {1, 2}
    result = records.seal_column_partially("iban", ["1", 2, "3", None], row_ids=[1, 2, 3, 4])
    assert ([at for at, _ in result.good()], list(result.failures)) == ([0, 2, 3], [1])
    assert result.values[3] is None
    opened = records.open_column_partially("iban", [*result.values[:3], b"x"], row_ids=[1, 2, 4, 5])
    assert (opened.values, sorted(opened.failures)) == (["1", None, None, None], [2, 3])
    with pytest.raises(SchemaError):
        records.seal_column_partially("nope", ["1"])


def test_an_outage_is_raised_and_is_no_items_failure() -> None:
    kek = FakeKek()
    records = cipher(keyrings=memory_keyrings(kek=kek))
    kek.fail_with(KekUnavailable("sealed"))
    for work in (records.seal_many, records.seal_many_partially):
        with pytest.raises(KekUnavailable):
            work([customer()])
    for column in (records.seal_column, records.seal_column_partially):
        with pytest.raises(KekUnavailable):
            column("country", ["UK"])
    with pytest.raises(KekUnavailable):
        records.index_column("email", ["a@b.example"])
    assert records.index_values("email", "a@b.example") == [], "nothing was ever indexed, so nobody is asked"


def test_subjects_for_a_schema_without_any_are_refused() -> None:
    # Silently ignored, the values would be sealed under the tenant's key, which no erasure of a person reaches.
    records = cipher()
    with pytest.raises(SchemaError):
        records.seal_column("country", ["UK"], subjects=["p1"])
    with pytest.raises(SchemaError):
        records.open_column("country", [None], subjects=["p1"])
