"""Arrow columns in and out: pyarrow, and whatever has the Arrow PyCapsule interface (`columns/arrow.py`)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from plugins.customers import CUSTOMERS, PEOPLE, cipher

from fieldvault import BatchError, FieldvaultError, PlainField, RecordCipher, Schema, SealedField, TextForm
from fieldvault.codec import AwareDatetime, NaiveDatetime
from fieldvault.errors import SchemaError


class Colour(Enum):
    RED = 1


class OnlyArray:
    """Any library's array, as far as the PyCapsule interface tells."""

    def __init__(self, array: Any) -> None:
        self.__arrow_c_array__ = array.__arrow_c_array__


class OnlyStream:
    """Any library's series of chunks."""

    def __init__(self, chunked: Any) -> None:
        self.__arrow_c_stream__ = chunked.__arrow_c_stream__


def of_type(declared: Any) -> RecordCipher:
    return cipher(Schema("t", [SealedField("v", declared, row_bound=False)]))


def through(declared: Any, array: Any) -> Any:
    records = of_type(declared)
    sealed = records.seal_column("v", array)
    assert sealed.type == pa.binary()
    return records.open_column("v", sealed)


@pytest.mark.parametrize(
    ("declared", "array"),
    [
        (str, pa.array(["a", None, ""])),
        (bytes, pa.array([b"a", None, b""], pa.binary())),
        (int, pa.array([1, None, -(2**63), 2**63 - 1], pa.int64())),
        (bool, pa.array([True, None, False])),
        (float, pa.array([1.5, None, float("inf")], pa.float64())),
        (date, pa.array([date(2026, 1, 31), None], pa.date32())),
        (NaiveDatetime, pa.array([datetime(2026, 1, 31, 1, 2, 3, 4), None], pa.timestamp("us"))),  # noqa: DTZ001
        (AwareDatetime, pa.array([datetime(2026, 1, 31, tzinfo=UTC), None], pa.timestamp("us", tz="UTC"))),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_array_comes_back_as_it_was(declared: Any, array: Any) -> None:
    opened = through(declared, array)
    assert opened.type == array.type
    assert opened.equals(array)


@pytest.mark.parametrize(
    ("declared", "array", "texts"),
    [
        (Decimal, pa.array([Decimal("1.50"), None], pa.decimal128(5, 2)), ["1.50", None]),
        (time, pa.array([time(1, 2, 3), None], pa.time64("us")), None),
        (int, pa.array([1, 2], pa.int8()), None),
        (str, pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (str, pa.array(["a"], pa.large_string()), ["a"]),
        (bytes, pa.array([b"ab"], pa.binary(2)), None),
    ],
)
def test_other_arrow_types_are_read(declared: Any, array: Any, texts: list[Any] | None) -> None:
    opened = through(declared, array)
    assert len(opened) == len(array)
    assert opened.null_count == array.null_count
    if texts is not None:
        assert opened.to_pylist() == texts


@pytest.mark.parametrize("value", [UUID(int=7), Colour.RED, {"a": [1]}, time(1, 2)])
def test_types_that_arrow_lacks_are_opened_as_text(value: Any) -> None:
    declared = dict if isinstance(value, dict) else type(value)
    records = of_type(declared)
    opened = records.open_column("v", pa.array(records.seal_column("v", [value, None])))
    assert opened.type == pa.string()
    assert records.schema.field("v").codec.from_text(opened[0].as_py()) == value


@pytest.mark.parametrize("wrap", [OnlyArray, OnlyStream])
def test_any_object_with_the_capsule_interface(wrap: Any) -> None:
    records = cipher()
    given = pa.array(["UK", None, "JO"])
    sealed = records.seal_column("country", wrap(given if wrap is OnlyArray else pa.chunked_array([given])))
    assert isinstance(sealed, pa.Array)
    opened = records.open_column("country", wrap(sealed if wrap is OnlyArray else pa.chunked_array([sealed])))
    assert opened.equals(given)


def test_chunks_slices_and_an_empty_column() -> None:
    records = cipher()
    given = pa.chunked_array([["UK"], [], ["JO", None]])
    sealed = records.seal_column("country", given)
    assert records.open_column("country", sealed).to_pylist() == ["UK", "JO", None]
    assert records.open_column("country", sealed[1:]).to_pylist() == ["JO", None]
    empty = records.seal_column("country", pa.array([], pa.string()))
    assert (len(empty), empty.type) == (0, pa.binary())
    assert records.open_column("country", empty).type == pa.string()


def test_row_ids_and_subjects_may_be_arrow_columns() -> None:
    records = cipher(CUSTOMERS)
    sealed = records.seal_column("iban", pa.array(["1", "2"]), row_ids=pa.array([1, 2]))
    assert records.open_column("iban", sealed, row_ids=[1, 2]).to_pylist() == ["1", "2"]
    people = cipher(PEOPLE)
    sealed = people.seal_column("country", pa.array(["UK"]), subjects=pa.array(["p1"]))
    assert people.open_column("country", sealed, subjects=["p1"]).to_pylist() == ["UK"]


def test_text_form_and_index_columns() -> None:
    records = cipher(form=TextForm())
    sealed = records.seal_column("country", pa.array(["UK", None]))
    assert sealed.type == pa.string()
    assert records.open_column("country", sealed).to_pylist() == ["UK", None]
    index = records.index_column("email", pa.array(["a@b.example", None]))
    assert index.type == pa.string()
    assert index.to_pylist() == [*records.index_values("email", "A@B.example"), None]
    assert cipher().index_column("email", pa.array(["a@b.example"])).type == pa.binary()


def test_failures_stand_at_their_positions() -> None:
    records = of_type(str)
    sealed = records.seal_column("v", pa.chunked_array([["a"], ["b", "c"]])).to_pylist()
    sealed[1] = sealed[1][:-1]
    with pytest.raises(BatchError) as raised:
        records.open_column("v", pa.array(sealed, pa.binary()))
    assert list(raised.value.failures) == [1]
    with pytest.raises(BatchError) as raised:
        of_type(bool).seal_column("v", pa.array([1, 0]))
    assert list(raised.value.failures) == [0, 1]


# --- what Arrow cannot hold, and what Python cannot take from it -----------------------------------------


def test_an_int_beyond_64_bits_is_an_error_and_not_another_number() -> None:
    records = of_type(int)
    with pytest.raises(SchemaError):
        records.open_column("v", pa.array(records.seal_column("v", [2**63])))


def test_an_instant_with_an_offset_keeps_its_instant() -> None:
    # `datetime` takes values with and without an offset; a column of one Arrow type cannot hold both.
    moment = datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    records = of_type(datetime)
    sealed = pa.array(records.seal_column("v", [moment]))
    try:
        [opened] = records.open_column("v", sealed).to_pylist()
    except FieldvaultError:
        return  # to refuse is honest too
    if isinstance(opened, str):
        opened = records.schema.field("v").codec.from_text(opened)
    assert opened == moment, "06:30 without an offset is another time"


@pytest.mark.parametrize(
    ("declared", "array"),
    [
        (datetime, pa.array([1_577_836_800_000_000_001], pa.timestamp("ns"))),
        (time, pa.array([1_000_000_001], pa.time64("ns"))),
        (datetime, pa.array([2**62], pa.timestamp("s"))),
        (
            str,
            pa.Array.from_buffers(
                pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xffa")]
            ),
        ),
    ],
    ids=["nanoseconds", "nanoseconds of the day", "the year 146 billion", "no UTF-8"],
)
def test_what_python_cannot_take_from_arrow_is_a_typed_error(declared: Any, array: Any) -> None:
    with pytest.raises(FieldvaultError):
        of_type(declared).seal_column("v", array)


def test_plain_fields_are_no_columns_to_seal() -> None:
    records = cipher(Schema("t", [PlainField("id", int), SealedField("v", row_bound=False)]))
    with pytest.raises(SchemaError):
        records.seal_column("id", pa.array([1]))
