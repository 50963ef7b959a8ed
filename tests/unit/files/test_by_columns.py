"""Parquet by columns: no records where nothing fails, and in everything else what the way by rows does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from plugins.arrow_kit import needs_native
from plugins.files_kit import CUSTOMERS, Desk

from fieldvault import ExactIndex, PlainField, RecordCipher, Schema, SealedField, Tenancy
from fieldvault.errors import BatchError
from fieldvault.files import KeepGoing, Overwrite, RowFailure, jobs
from fieldvault.normalise import EMAIL

pytestmark = needs_native

PEOPLE = Schema(
    "people",
    [
        PlainField("id", int),
        PlainField("country"),
        SealedField("email", index=ExactIndex(EMAIL)),
        SealedField("age", int, row_bound=False),
        SealedField("photo", bytes),
        SealedField("note", str, seal_null=True),
    ],
    row_id="id",
    tenancy=Tenancy.GLOBAL,
)
ROWS = 25


def people(**changed: Any) -> pa.Table:
    columns = {
        "id": pa.array(range(ROWS), pa.int64()),
        "country": pa.array(["UK", None, "é"] * 8 + ["FR"]),
        "email": pa.array([f"Person{n}@Example.com" if n % 5 else None for n in range(ROWS)]),
        "age": pa.array([n - 3 if n % 7 else None for n in range(ROWS)], pa.int64()),
        "photo": pa.array([b"\0" * n for n in range(ROWS)]),
        "note": pa.array(["x" * n if n % 2 else None for n in range(ROWS)]),
    }
    return pa.table(columns | changed)


@pytest.fixture
def desk() -> Desk:
    return Desk(PEOPLE)


@pytest.fixture
def no_records(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise AssertionError("went by rows")

    for name in ("seal_many", "seal_many_partially", "open_many", "open_many_partially"):
        monkeypatch.setattr(RecordCipher, name, refused)


@pytest.fixture(params=["by columns", "by rows"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The test must give the same on both."""
    if request.param == "by rows":
        for name in ("sealing_by_columns", "opening_by_columns"):
            monkeypatch.setattr(jobs, name, lambda *_: None)
    return str(request.param)


def written(folder: Path, table: pa.Table) -> Path:
    path = folder / "in.parquet"
    pq.write_table(table, path)
    return path


@pytest.mark.usefixtures("no_records")
def test_the_usual_case_makes_no_records(tmp_path: Path, desk: Desk) -> None:
    given, sealed, back = written(tmp_path, people()), tmp_path / "sealed.parquet", tmp_path / "back.parquet"
    assert desk.seal(given, sealed).written == ROWS
    assert desk.open(sealed, back).written == ROWS
    assert pq.read_table(back).equals(people())
    assert pq.read_table(sealed).column_names == ["id", "country", "email", "email_index", "age", "photo", "note"]


def test_what_one_way_seals_the_other_opens(tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    given, files = written(tmp_path, people()), [tmp_path / f"sealed-{n}.parquet" for n in range(2)]
    desk.seal(given, files[0])
    with monkeypatch.context() as patched:
        patched.setattr(jobs, "sealing_by_columns", lambda *_: None)
        desk.seal(given, files[1])
        patched.setattr(jobs, "opening_by_columns", lambda *_: None)
        desk.open(files[0], tmp_path / "back-0.parquet")
    desk.open(files[1], tmp_path / "back-1.parquet")
    one, other = map(pq.read_table, files)
    assert one.schema.equals(other.schema, check_metadata=True)
    assert one["email_index"].equals(other["email_index"])
    assert all(pq.read_table(tmp_path / f"back-{n}.parquet").equals(people()) for n in range(2))


@pytest.mark.usefixtures("no_records")
def test_columns_of_other_types_are_read_first(tmp_path: Path) -> None:
    desk = Desk(CUSTOMERS)
    table = pa.table(
        {
            "id": pa.array([1, 2], pa.int32()),
            "country": pa.array(["UK", "FR"]).dictionary_encode(),
            "name": pa.array(["Ann", None], pa.large_string()),
            "email": ["ann@example.com", "bob@example.com"],
            "born": ["1990-01-02", None],
            "balance": ["1.50", "2"],
        }
    )
    desk.seal(written(tmp_path, table), tmp_path / "sealed.parquet")
    desk.open(tmp_path / "sealed.parquet", tmp_path / "back.parquet")
    back = pq.read_table(tmp_path / "back.parquet")
    assert back["id"].to_pylist() == [1, 2]
    assert back["country"].to_pylist() == ["UK", "FR"]
    assert [str(day) for day in back["born"].to_pylist()] == ["1990-01-02", "None"]
    assert back["balance"].to_pylist() == ["1.50", "2"]


def sealed_text(desk: Desk) -> str:
    [one] = desk.cipher().seal_column("note", ["a"], row_ids=[1])
    return str(one)


BAD: dict[str, Callable[[Desk], dict[str, Any]]] = {
    "sealed already": lambda desk: {"note": pa.array([None] * 17 + [sealed_text(desk)] + [None] * 7, pa.string())},
    "sealed already, in a plain column": lambda desk: {"country": [None] * 17 + [sealed_text(desk)] + [None] * 7},
    "no row id": lambda _: {"id": pa.array([None if n == 17 else n for n in range(ROWS)], pa.int64())},
    "no address": lambda _: {"email": ["ann@example.com"] * 17 + ["no address"] + ["ann@example.com"] * 7},
}


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("bad", BAD)
def test_a_row_that_fails_is_named_and_the_others_are_kept(tmp_path: Path, desk: Desk, bad: str) -> None:
    given, sealed = written(tmp_path, people(**BAD[bad](desk))), tmp_path / "sealed.parquet"
    with pytest.raises(BatchError) as raised:
        desk.seal(given, sealed)
    assert list(raised.value.failures) == [18]
    assert not sealed.exists()
    rows: list[RowFailure] = []
    counts = desk.seal(given, sealed, failures=KeepGoing(rows.append))
    assert (counts.written, counts.failed, [one.row for one in rows]) == (ROWS - 1, 1, [18])
    desk.open(sealed, tmp_path / "back.parquet")
    assert pq.read_table(tmp_path / "back.parquet")["id"].to_pylist() == [n for n in range(ROWS) if n != 17]


@pytest.mark.usefixtures("way")
def test_an_envelope_that_fails_is_named_and_the_others_are_kept(tmp_path: Path, desk: Desk) -> None:
    sealed, back = tmp_path / "sealed.parquet", tmp_path / "back.parquet"
    desk.seal(written(tmp_path, people()), sealed)
    table = pq.read_table(sealed)
    photos = table["photo"].to_pylist()
    photos[3], photos[4] = photos[4], photos[3]
    pq.write_table(table.set_column(table.schema.get_field_index("photo"), "photo", pa.array(photos)), sealed)
    with pytest.raises(BatchError) as raised:
        desk.open(sealed, back)
    assert list(raised.value.failures) == [4, 5]
    assert not back.exists()
    rows: list[RowFailure] = []
    counts = desk.open(sealed, back, failures=KeepGoing(rows.append), overwrite=Overwrite.REPLACE)
    assert (counts.written, [(one.row, one.field, one.error) for one in rows]) == (
        ROWS - 2,
        [(4, "photo", "AuthenticationFailed"), (5, "photo", "AuthenticationFailed")],
    )
    kept = [n for n in range(ROWS) if n not in (3, 4)]
    assert pq.read_table(back).equals(people().take(kept))
