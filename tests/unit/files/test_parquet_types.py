"""Which Arrow types are read as which declared type, and which are refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from plugins.files_kit import CANARY

from fieldvault import PlainField, Schema, SealedField, Tenancy
from fieldvault.codec import AwareDatetime, Json, NaiveDatetime
from fieldvault.errors import BatchError, SchemaError
from fieldvault.files import FileFormat, State, open_sink, open_source


class Grade(Enum):
    GOLD = 1


def schema_of(declared: type[Any]) -> Schema:
    return Schema(
        "t",
        [PlainField("id", int), SealedField("value", declared, row_bound=False)],
        tenancy=Tenancy.GLOBAL,
    )


def read(path: Path, declared: type[Any], column: pa.Array | pa.ChunkedArray) -> list[Any]:
    ids = pa.array(range(1, len(column) + 1), pa.int32())
    pq.write_table(pa.table({"id": ids, "value": column}), path, store_schema=True)
    with open_source(path, schema_of(declared), State.OPENED, batch_rows=2) as source:
        return [record["value"] for batch in source for record in batch]


NOON = datetime(2020, 1, 2, 12, 0, 0, 5000, tzinfo=UTC)
NAIVE_NOON = NOON.replace(tzinfo=None)
ONE = UUID("12345678-1234-5678-1234-567812345678")
KOLKATA = timezone(timedelta(hours=5, minutes=30))

READ = [
    (str, pa.array(["a", None, ""]), ["a", None, ""]),
    (str, pa.array(["a", None], pa.large_string()), ["a", None]),
    (str, pa.array(["a", None, "a"]).dictionary_encode(), ["a", None, "a"]),
    (str, pa.nulls(3), [None, None, None]),
    (bytes, pa.array([b"a", None]), [b"a", None]),
    (bytes, pa.array([b"ab", None], pa.large_binary()), [b"ab", None]),
    (bytes, pa.array([b"ab"], pa.binary(2)), [b"ab"]),
    (int, pa.array([1, None, -128], pa.int8()), [1, None, -128]),
    (int, pa.array([2**64 - 1], pa.uint64()), [2**64 - 1]),
    (bool, pa.array([True, None]), [True, None]),
    (float, pa.array([0.1, None]), [0.1, None]),
    (float, pa.array([0.5], pa.float32()), [0.5]),
    (Decimal, pa.array([Decimal("1.50"), None], pa.decimal128(9, 2)), [Decimal("1.50"), None]),
    (Decimal, pa.array([Decimal("1.50")], pa.decimal256(50, 2)), [Decimal("1.50")]),
    (Decimal, pa.array(["1.50", None]), [Decimal("1.50"), None]),
    (date, pa.array([date(2020, 1, 2), None]), [date(2020, 1, 2), None]),
    (date, pa.array([date(2020, 1, 2)], pa.date64()), [date(2020, 1, 2)]),
    (date, pa.array(["2020-01-02"]), [date(2020, 1, 2)]),
    (NaiveDatetime, pa.array([NAIVE_NOON, None], pa.timestamp("us")), [NAIVE_NOON, None]),
    (NaiveDatetime, pa.array([NAIVE_NOON], pa.timestamp("ns")), [NAIVE_NOON]),
    (datetime, pa.array([NAIVE_NOON], pa.timestamp("ms")), [NAIVE_NOON]),
    (datetime, pa.array([NOON], pa.timestamp("ms", tz="UTC")), [NOON]),
    (AwareDatetime, pa.array([NOON, None], pa.timestamp("us", tz="UTC")), [NOON, None]),
    (AwareDatetime, pa.array([NOON], pa.timestamp("ns", tz="+05:30")), [NOON.astimezone(KOLKATA)]),
    (AwareDatetime, pa.array(["2020-01-02T12:00:00.005+00:00"]), [NOON]),
    (time, pa.array([time(1, 2, 3), None], pa.time32("s")), [time(1, 2, 3), None]),
    (time, pa.array([time(1, 2, 3, 4)], pa.time64("ns")), [time(1, 2, 3, 4)]),
    (time, pa.array(["01:02:03"]), [time(1, 2, 3)]),
    (UUID, pa.array([ONE.bytes, None], pa.uuid()), [ONE, None]),
    (UUID, pa.array([ONE.bytes, None], pa.binary(16)), [ONE, None]),
    (UUID, pa.array([str(ONE), None]), [ONE, None]),
    (Grade, pa.array(["GOLD", None]).dictionary_encode(), [Grade.GOLD, None]),
    (Json, pa.array(['{"a":1}', None]), [{"a": 1}, None]),
    (Json, pa.array([{"a": 1, "b": ["x"]}, None]), [{"a": 1, "b": ["x"]}, None]),
    (Json, pa.array([[1, 2], None]), [[1, 2], None]),
]


@pytest.mark.parametrize(("declared", "column", "values"), READ, ids=lambda one: str(getattr(one, "type", "")))
def test_read(tmp_path: Path, declared: type[Any], column: pa.Array, values: list[Any]) -> None:
    found = read(tmp_path / "x.parquet", declared, column)
    assert found == values
    assert list(map(type, found)) == list(map(type, values))


REFUSED = [
    (str, pa.array([1])),
    (str, pa.array([b"x"])),
    (bytes, pa.array(["x"])),
    (int, pa.array([1.0])),
    (int, pa.array(["1"])),
    (int, pa.array([True])),
    (float, pa.array([1])),
    (bool, pa.array([1])),
    (Decimal, pa.array([1.5])),
    (date, pa.array([NAIVE_NOON], pa.timestamp("us"))),
    (NaiveDatetime, pa.array([NOON], pa.timestamp("us", tz="UTC"))),
    (AwareDatetime, pa.array([NAIVE_NOON], pa.timestamp("us"))),
    (time, pa.array([1])),
    (UUID, pa.array([b"x" * 15], pa.binary(15))),
    (Grade, pa.array([1])),
    (Json, pa.array([1])),
]


@pytest.mark.parametrize(("declared", "column"), REFUSED, ids=lambda one: str(getattr(one, "type", "")))
def test_refused_up_front_with_both_types(tmp_path: Path, declared: type[Any], column: pa.Array) -> None:
    name = schema_of(declared).field("value").codec.name
    with pytest.raises(SchemaError) as caught:
        read(tmp_path / "x.parquet", declared, column)
    assert f"column value is {column.type}, which cannot be a {name}" in str(caught.value)


FAILING_ROWS = [
    (NaiveDatetime, pa.array([0, 1000, 1001], pa.timestamp("ns"))),
    (NaiveDatetime, pa.array([0, None, 2**62], pa.timestamp("ms"))),
    (time, pa.array([0, None, 1001], pa.time64("ns"))),
    (date, pa.array([0, None, 2**30], pa.date32())),
    (date, pa.array(["2020-01-02", None, CANARY])),
    (Json, pa.array(["[1]", None, f'{{"{CANARY}'])),
    (str, pa.array([b"a", None, b"\xff" + CANARY.encode()]).view(pa.string())),
]


@pytest.mark.parametrize(("declared", "column"), FAILING_ROWS, ids=lambda one: str(getattr(one, "type", "")))
def test_a_value_that_python_cannot_hold_is_its_rows_failure(
    tmp_path: Path, declared: type[Any], column: pa.Array
) -> None:
    with pytest.raises(BatchError, match="data row 3: value: ") as caught:
        read(tmp_path / "x.parquet", declared, column)
    assert list(caught.value.failures) == [3]
    assert CANARY not in str(caught.value)
    assert "1001" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_sealed_column_may_be_of_either_form_and_nothing_else(tmp_path: Path) -> None:
    schema = schema_of(str)
    for column in (pa.array([b"x"]), pa.array(["fv1.x"]), pa.array(["fv1.x"]).dictionary_encode(), pa.nulls(1)):
        pq.write_table(pa.table({"id": [1], "value": column}), tmp_path / "x.parquet")
        with open_source(tmp_path / "x.parquet", schema, State.SEALED) as source:
            assert [batch[0]["value"] for batch in source] == column.to_pylist()
    pq.write_table(pa.table({"id": [1], "value": [1]}), tmp_path / "x.parquet")
    with pytest.raises(SchemaError, match="holds no sealed values"):
        open_source(tmp_path / "x.parquet", schema, State.SEALED)


def test_a_datetime_of_either_kind_keeps_its_kind(tmp_path: Path) -> None:
    schema = schema_of(datetime)
    records = [{"id": 1, "value": NOON}, {"id": 2, "value": NAIVE_NOON}]
    with open_sink(tmp_path / "x.parquet", FileFormat.PARQUET, schema, State.OPENED, ["id", "value"]) as sink:
        sink.write(records)
    with open_source(tmp_path / "x.parquet", schema, State.OPENED) as source:
        assert list(source) == [records]


def test_an_int_beyond_64_bits_is_not_written(tmp_path: Path) -> None:
    schema = schema_of(int)
    with (
        pytest.raises(SchemaError, match="does not fit") as caught,
        open_sink(tmp_path / "x.parquet", FileFormat.PARQUET, schema, State.OPENED, ["id", "value"]) as sink,
    ):
        sink.write([{"id": 1, "value": 2**63}])
    assert str(2**63) not in str(caught.value)
