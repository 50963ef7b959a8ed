"""A file sealed and opened again is the file that it was, in every pair of formats."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from plugins.files_kit import CANARY, Desk, customers_csv, every_type

from fieldvault.files import Counts, State, open_source

FORMATS = ("csv", "jsonl", "parquet")


@pytest.mark.parametrize("sealed_as", FORMATS)
def test_canonical_csv_comes_back_byte_for_byte(desk: Desk, tmp_path: Path, sealed_as: str) -> None:
    given, sealed, back = tmp_path / "in.csv", tmp_path / f"sealed.{sealed_as}", tmp_path / "back.csv"
    given.write_text(customers_csv(20))
    assert desk.seal(given, sealed) == Counts(20, 20, 0)
    assert desk.open(sealed, back) == Counts(20, 20, 0)
    assert back.read_bytes() == given.read_bytes()
    assert CANARY.encode() not in sealed.read_bytes()


@pytest.mark.parametrize(("given_as", "sealed_as", "opened_as"), list(product(FORMATS, repeat=3)))
def test_every_type_through_every_format(
    every_type_desk: Desk, tmp_path: Path, given_as: str, sealed_as: str, opened_as: str
) -> None:
    desk = every_type_desk
    given = desk.write(tmp_path / f"in.{given_as}", every_type())
    desk.seal(given, tmp_path / f"sealed.{sealed_as}")
    desk.open(tmp_path / f"sealed.{sealed_as}", tmp_path / f"back.{opened_as}")
    assert desk.read(tmp_path / f"back.{opened_as}") == every_type()


def test_jsonl_is_written_naturally(every_type_desk: Desk, tmp_path: Path) -> None:
    [line, *_] = every_type_desk.write(tmp_path / "x.jsonl", every_type()).read_text().splitlines()
    assert line == (
        '{"id":"00000000-0000-0000-0000-000000000001","text":"Grüße, „Welt“ =1+1","blob":"AP8B","count":42,'
        '"yes":true,"ratio":0.1,"amount":"12.50","day":"1999-12-31","local":"2020-02-29T12:30:00",'
        '"instant":"2020-02-29T12:30:00.000001+00:00","clock":"23:59:59.999999",'
        '"key":"00000000-0000-0000-0000-000000000007","grade":"TIN",'
        '"extra":{"a":[1,2.5,null,"x"],"b":{"c":true}},"hidden":"h"}'
    )


def test_sealed_csv_has_text_envelopes_and_index_columns_beside_their_fields(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(customers_csv(2) + "3,JO,,,,\n")
    desk.seal(tmp_path / "in.csv", tmp_path / "s.csv")
    header, first, _, third = (tmp_path / "s.csv").read_text().splitlines()
    assert header == "id,country,name,name_index,email,email_index,born,balance"
    cells = dict(zip(header.split(","), first.split(","), strict=True))
    assert (cells.pop("id"), cells.pop("country")) == ("1", "JO")
    assert {name: cell[:4] for name, cell in cells.items()} == {
        "name": "fv1.",
        "name_index": "fx1.",
        "email": "fv1.",
        "email_index": "fx1.",
        "born": "fv1.",
        "balance": "fv1.",
    }
    assert third == "3,JO,,,,,,", "a null is an empty cell"


def test_sealed_parquet_has_binary_columns(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(customers_csv(2))
    desk.seal(tmp_path / "in.csv", tmp_path / "s.parquet")
    found = pq.read_schema(tmp_path / "s.parquet")
    assert dict(zip(found.names, map(str, found.types), strict=True)) == {
        "id": "int64",
        "country": "string",
        "name": "binary",
        "name_index": "binary",
        "email": "binary",
        "email_index": "binary",
        "born": "binary",
        "balance": "binary",
    }


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.parquet"])
def test_a_file_without_rows(desk: Desk, tmp_path: Path, name: str) -> None:
    given = desk.write(tmp_path / name, [])
    assert desk.seal(given, tmp_path / f"sealed-{name}") == Counts(0, 0, 0)
    assert desk.open(tmp_path / f"sealed-{name}", tmp_path / f"back-{name}") == Counts(0, 0, 0)
    assert desk.read(tmp_path / f"back-{name}") == []


def test_columns_keep_the_order_of_the_input(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("balance,name,id,born,email,country\n1.5,Ann,7,,,JO\n")
    desk.seal(tmp_path / "in.csv", tmp_path / "s.jsonl")
    desk.open(tmp_path / "s.jsonl", tmp_path / "back.csv")
    assert (tmp_path / "back.csv").read_text() == (tmp_path / "in.csv").read_text()


@pytest.mark.parametrize("name", FORMATS)
def test_progress(desk: Desk, tmp_path: Path, name: str) -> None:
    records = [dict.fromkeys(desk.schema.fields) | {"id": n} for n in range(20)]
    path = desk.write(tmp_path / f"x.{name}", records)
    with open_source(path, desk.schema, State.OPENED, batch_rows=8) as source:
        assert source.total_rows == (20 if name == "parquet" else None)
        assert source.total_bytes == path.stat().st_size
        assert [len(batch) for batch in source] == [8, 8, 4]
        assert source.read_bytes == source.total_bytes
