"""Rows that fail: all or nothing by default, left out and reported where the caller says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugins.files_kit import CANARY, CUSTOMERS, Desk, customers_csv, names_in
from plugins.secrecy import found_in, shown_by

from fieldvault import PlainField, Schema, SealedField, Stage, Tenancy
from fieldvault.errors import (
    AuthenticationFailed,
    BatchError,
    ConfigurationError,
    KeyNotFound,
    NotIndexable,
    ValueRefused,
)
from fieldvault.files import (
    Counts,
    FileFormat,
    KeepGoing,
    RowFailure,
    State,
    open_file,
    open_sink,
    open_source,
    seal_file,
)


@pytest.fixture
def bad_input(tmp_path: Path) -> Path:
    """20 rows in batches of 7: 9 has a bad date, 10 an e-mail that cannot be indexed, 16 too few cells."""
    lines = customers_csv(20).splitlines()
    lines[9] = f"9,JO,{CANARY},a@example.com,{CANARY},1.50"
    lines[10] = f"10,JO,{CANARY},{CANARY},1999-01-02,1.50"
    lines[16] = f"16,JO,{CANARY}"
    path = tmp_path / "in.csv"
    path.write_text("\n".join(lines))
    return path


def test_by_default_a_bad_row_fails_the_file(desk: Desk, tmp_path: Path, bad_input: Path) -> None:
    with pytest.raises(BatchError) as caught:
        desk.seal(bad_input, tmp_path / "s.csv")
    assert caught.value.message == ("in.csv: a row failed; the first is data row 9: born: the text is not a date")
    assert caught.value.hint == "write YYYY-MM-DD"
    assert {row: type(error) for row, error in caught.value.failures.items()} == {9: ValueRefused}
    assert not found_in(shown_by(caught.value), [CANARY])
    assert names_in(tmp_path) == ["in.csv"]


def test_a_failure_of_the_cipher_names_the_row_of_the_file(desk: Desk, tmp_path: Path) -> None:
    lines = customers_csv(20).splitlines()
    lines[10] = f"10,JO,{CANARY},{CANARY},1999-01-02,1.50"
    (tmp_path / "in.csv").write_text("\n".join(lines))
    with pytest.raises(BatchError, match="data row 10: email: ") as caught:
        desk.seal(tmp_path / "in.csv", tmp_path / "s.csv")
    assert {row: type(error) for row, error in caught.value.failures.items()} == {10: NotIndexable}
    assert not found_in(shown_by(caught.value), [CANARY])


def test_keep_going_leaves_out_and_reports(desk: Desk, tmp_path: Path, bad_input: Path) -> None:
    reported: list[RowFailure] = []
    counts = desk.seal(bad_input, tmp_path / "s.csv", failures=KeepGoing(reported.append))
    assert counts == Counts(rows=20, written=17, failed=3)
    assert [(one.row, one.field, one.error, one.stage) for one in reported] == [
        (9, "born", "ValueRefused", None),
        (10, "email", "NotIndexable", None),
        (16, None, "SchemaError", None),
    ]
    assert CANARY not in repr(reported)
    desk.open(tmp_path / "s.csv", tmp_path / "back.csv")
    wanted = bad_input.read_text().splitlines(keepends=True)
    wanted[-1] += "\n"
    assert (tmp_path / "back.csv").read_text() == "".join(
        line for at, line in enumerate(wanted) if at not in (9, 10, 16)
    )


def test_too_many_failures_fail_the_file(desk: Desk, tmp_path: Path, bad_input: Path) -> None:
    reported: list[RowFailure] = []
    with pytest.raises(BatchError, match="3 rows failed so far, more than the 2 allowed"):
        desk.seal(bad_input, tmp_path / "s.csv", failures=KeepGoing(reported.append, max_failures=2))
    assert names_in(tmp_path) == ["in.csv"]
    assert desk.seal(bad_input, tmp_path / "s.csv", failures=KeepGoing(reported.append, max_failures=3)).failed == 3


def test_no_row_is_left(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,country,name,email,born,balance\nx,,,,,\n1,,,,\n")
    counts = desk.seal(tmp_path / "in.csv", tmp_path / "s.parquet", failures=KeepGoing(lambda _: None))
    assert counts == Counts(2, 0, 2)
    assert desk.open(tmp_path / "s.parquet", tmp_path / "back.csv") == Counts(0, 0, 0)


@pytest.mark.parametrize("name", ["s.csv", "s.jsonl"])
def test_a_value_moved_to_another_row_does_not_open(desk: Desk, tmp_path: Path, name: str) -> None:
    (tmp_path / "in.csv").write_text(customers_csv(20))
    desk.seal(tmp_path / "in.csv", tmp_path / name)
    with open_source(tmp_path / name, CUSTOMERS, State.SEALED) as source:
        [records] = list(source)
        columns = source.columns
    records[11]["name"], records[12]["name"] = records[12]["name"], records[11]["name"]
    with open_sink(tmp_path / f"swapped-{name}", source.file_format, CUSTOMERS, State.SEALED, columns) as sink:
        sink.write(records)
    with pytest.raises(BatchError, match="2 rows failed; the first is data row 12: name: ") as caught:
        desk.open(tmp_path / f"swapped-{name}", tmp_path / "back.csv")
    assert {row: type(error) for row, error in caught.value.failures.items()} == {
        12: AuthenticationFailed,
        13: AuthenticationFailed,
    }
    reported: list[RowFailure] = []
    counts = desk.open(tmp_path / f"swapped-{name}", tmp_path / "back.csv", failures=KeepGoing(reported.append))
    assert counts == Counts(20, 18, 2)
    assert [(one.row, one.stage) for one in reported] == [(12, Stage.AUTHENTICATE), (13, Stage.AUTHENTICATE)]


def test_a_file_sealed_under_other_keys_does_not_open(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(customers_csv(3))
    desk.seal(tmp_path / "in.csv", tmp_path / "s.csv")
    with pytest.raises(BatchError) as caught:
        Desk().open(tmp_path / "s.csv", tmp_path / "back.csv")
    assert {type(error) for error in caught.value.failures.values()} == {KeyNotFound}
    assert names_in(tmp_path) == ["in.csv", "s.csv"]


def test_a_plain_file_does_not_pass_as_sealed(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(customers_csv(3))
    with pytest.raises(BatchError, match="is this column sealed"):
        desk.open(tmp_path / "in.csv", tmp_path / "back.csv")
    assert names_in(tmp_path) == ["in.csv"]


def test_on_rows_is_told_each_batch(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(customers_csv(20))
    told: list[int] = []
    with (
        open_source(tmp_path / "in.csv", CUSTOMERS, State.OPENED, batch_rows=8) as source,
        open_sink(tmp_path / "s.csv", FileFormat.CSV, CUSTOMERS, State.SEALED, source.columns) as sink,
    ):
        seal_file(desk.cipher(), source, sink, on_rows=told.append)
    assert told == [8, 8, 4]


def test_a_mix_up_of_directions_or_schemas_is_refused(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(customers_csv(2))
    other = Schema("others", list(CUSTOMERS.fields.values()), row_id="id", tenancy=Tenancy.GLOBAL)
    for schema, state, job in ((CUSTOMERS, State.SEALED, open_file), (other, State.SEALED, seal_file)):
        with (
            open_source(tmp_path / "in.csv", CUSTOMERS, State.OPENED) as source,
            pytest.raises(ConfigurationError),
            open_sink(tmp_path / "s.csv", FileFormat.CSV, schema, state, source.columns) as sink,
        ):
            job(desk.cipher(), source, sink)
    assert names_in(tmp_path) == ["in.csv"]


def test_sealed_nulls_and_subjects(tmp_path: Path) -> None:
    schema = Schema(
        "visits",
        [PlainField("person"), SealedField("note", row_bound=False, seal_null=True)],
        subject="person",
        tenancy=Tenancy.GLOBAL,
    )
    desk = Desk(schema)
    (tmp_path / "in.csv").write_text("person,note\nann,\nbob,ill\nann,well\n")
    desk.seal(tmp_path / "in.csv", tmp_path / "s.csv")
    assert all(record["note"] for record in desk.read(tmp_path / "s.csv", State.SEALED))
    desk.open(tmp_path / "s.csv", tmp_path / "back.csv")
    assert (tmp_path / "back.csv").read_text() == (tmp_path / "in.csv").read_text()
