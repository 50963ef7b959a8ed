"""Malformed and misleading files: each is refused with its place, and never with what stands there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from plugins.files_kit import CANARY, CUSTOMERS, Desk, customers_csv, names_in
from plugins.secrecy import found_in, shown_by

from fieldvault.errors import BatchError, ConfigurationError, FieldvaultError, MissingExtra, SchemaError
from fieldvault.files import FileFormat, State, open_source

HEADER = "id,country,name,email,born,balance\n"
GOOD = '1,JO,"Canary, Ann",a@example.com,1999-01-02,1.50\n'


def refusal(path: Path, content: bytes, state: State = State.OPENED) -> FieldvaultError:
    """What reading `content` raises; checked for traces of it."""
    path.write_bytes(content)
    with pytest.raises(FieldvaultError) as caught, open_source(path, CUSTOMERS, state, batch_rows=2) as source:
        list(source)
    assert not found_in(shown_by(caught.value), [CANARY])
    return caught.value


CSV_CASES: dict[str, tuple[bytes, type[FieldvaultError], str]] = {
    "truncated in a quote": (f'{HEADER}{GOOD}2,JO,"{CANARY}'.encode(), SchemaError, "data row 2: a quoted cell"),
    "text after a quote": (
        f'{HEADER}{GOOD}2,JO,"{CANARY}"x,,,\n'.encode(),
        SchemaError,
        "data row 2: text follows",
    ),
    "bare carriage return": (
        f"{HEADER}{GOOD}2,JO,{CANARY}\rx,,,\n".encode(),
        SchemaError,
        "data row 2: a carriage",
    ),
    "not UTF-8": (f"{HEADER}{GOOD}2,JO,{CANARY}".encode() + b"\xff,,,\n", SchemaError, "data row 2: not UTF-8"),
    "NUL": (f"{HEADER}{GOOD}2,JO,{CANARY}\0,,,\n".encode(), SchemaError, "NUL"),
    "UTF-16": (f"{HEADER}2,JO,{CANARY},,,\n".encode("utf-16"), SchemaError, "NUL"),
    "empty": (b"", SchemaError, "empty"),
    "only a byte-order mark": (b"\xef\xbb\xbf", SchemaError, "empty"),
    "header twice": (f"{HEADER[:-1]},name\n1,JO,{CANARY},,,,{CANARY}\n".encode(), SchemaError, "same name: name"),
    "no header": (f"1,JO,{CANARY},{CANARY},1999-01-02,1.50\n".encode(), SchemaError, "lacks columns"),
    "column missing": (b"id,country,name,email,born\n1,,,,\n", SchemaError, "declares: balance"),
    "column undeclared": (f"{HEADER[:-1]},iban\n1,JO,,,,,{CANARY}\n".encode(), SchemaError, "not declare: 'iban'"),
    "index column": (f"{HEADER[:-1]},email_index\n1,JO,,,,,{CANARY}\n".encode(), SchemaError, "sealed already"),
    "cell missing": (f"{HEADER}{GOOD}2,JO,{CANARY},,\n".encode(), BatchError, "data row 2: 5 cells"),
    "cell too many": (f"{HEADER}{GOOD}2,JO,{CANARY},,,,\n".encode(), BatchError, "data row 2: 7 cells"),
    "white space line": (f"{HEADER}{GOOD} \n".encode(), BatchError, "data row 2: 1 cells"),
    "bad date": (f"{HEADER}{GOOD}{GOOD}\n\n3,JO,,,{CANARY},\n".encode(), BatchError, "data row 3: born: the text"),
    "bad row id": (f"{HEADER}{CANARY},JO,,,,\n".encode(), BatchError, "data row 1: id: the text"),
}


@pytest.mark.parametrize("case", CSV_CASES)
def test_csv(tmp_path: Path, case: str) -> None:
    content, kind, said = CSV_CASES[case]
    error = refusal(tmp_path / "x.csv", content)
    assert type(error) is kind
    assert said in str(error)


LINE = '{"id":1,"country":"JO","name":"Ann","email":null,"born":"1999-01-02","balance":"1.50"}\n'
JSONL_CASES = {
    "a list": (f'{LINE}["{CANARY}"]\n', BatchError, "data row 2: the line is JSON, but not an object"),
    "not JSON": (f'{LINE}{{"name":"{CANARY}\n', BatchError, "data row 2: the line is not JSON"),
    "two objects": (f"{LINE}{LINE[:-1]}{LINE}", BatchError, "data row 2: the line is not JSON"),
    "a key twice": (f'{LINE}{LINE[:-2]},"name":"{CANARY}"}}\n', BatchError, "data row 2: the line is not JSON"),
    "NaN": (f"{LINE}{LINE.replace('null', 'NaN')}", BatchError, "data row 2: the line is not JSON"),
    "huge int": (f"{LINE}{LINE.replace('null', '9' * 5000)}", BatchError, "data row 2: the line is not JSON"),
    "deep": (f"{LINE}{'[' * 100_000}\n", BatchError, "data row 2: the line is not JSON"),
    "key missing": (
        f'{LINE}{{"id":2,"name":"{CANARY}"}}\n',
        BatchError,
        "data row 2: the object lacks country, em",
    ),
    "key undeclared": (f'{LINE}{LINE[:-2]},"{CANARY}":1}}\n', BatchError, "data row 2: the object has 1 keys that"),
    "first not JSON": (f"{CANARY}\n{LINE}", SchemaError, "data row 1: the line is not JSON"),
    "first a list": (f'["{CANARY}"]\n{LINE}', SchemaError, "data row 1: the line is JSON, but not an object"),
    "number for text": (LINE.replace('"Ann"', "7"), BatchError, "data row 1: name: expected a str, got a number"),
    "text for int": (LINE.replace("1,", f'"{CANARY}",', 1), BatchError, "id: expected a int, got a string"),
    "bool for int": (LINE.replace("1,", "true,", 1), BatchError, "data row 1: id: expected a int, got a bool"),
    "number for decimal": (LINE.replace('"1.50"', "1.50"), BatchError, "balance: expected a decimal, got a number"),
    "bad date": (LINE.replace("1999-01-02", CANARY), BatchError, "data row 1: born: the text is not a date"),
}


@pytest.mark.parametrize("case", JSONL_CASES)
def test_jsonl(tmp_path: Path, case: str) -> None:
    content, kind, said = JSONL_CASES[case]
    error = refusal(tmp_path / "x.jsonl", content.encode())
    assert type(error) is kind
    assert said in str(error)


def test_jsonl_not_utf8(tmp_path: Path) -> None:
    line = LINE.replace("Ann", CANARY).encode().replace(b"canary", b"\xffcanary")
    assert "data row 2: not UTF-8" in str(refusal(tmp_path / "x.jsonl", LINE.encode() + line))


def test_parquet_cut_off_anywhere(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(customers_csv(50))
    records = desk.read(tmp_path / "in.csv")
    whole = desk.write(tmp_path / "x.parquet", records).read_bytes()
    for length in range(0, len(whole), 97):
        refusal(tmp_path / "cut.parquet", whole[:length])


def test_parquet_damaged_in_the_middle(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(customers_csv(50))
    whole = desk.write(tmp_path / "x.parquet", desk.read(tmp_path / "in.csv")).read_bytes()
    damaged = b"PAR1" + b"\xff" * 400 + whole[404:]
    assert "damaged" in str(refusal(tmp_path / "x.parquet", damaged))


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.parquet"])
def test_a_sealed_file_is_not_sealed_again(desk: Desk, tmp_path: Path, name: str) -> None:
    (tmp_path / "in.csv").write_text(customers_csv(3))
    desk.seal(tmp_path / "in.csv", tmp_path / name)
    assert "sealed" in str(refusal(tmp_path / name, (tmp_path / name).read_bytes()))


@pytest.mark.parametrize("field", ["name", "born"])
def test_an_envelope_among_values_is_refused(desk: Desk, tmp_path: Path, field: str) -> None:
    (tmp_path / "in.csv").write_text(customers_csv(3))
    desk.seal(tmp_path / "in.csv", tmp_path / "s.jsonl")
    envelope = desk.read(tmp_path / "s.jsonl", State.SEALED)[1][field]
    cell = {"name": '"Canary, Ann"', "born": "1999-01-02"}[field]
    text = {"name": "Ann", "born": "1999-01-02"}[field]
    for name, content in {
        "x.csv": HEADER + GOOD + GOOD.replace(cell, envelope),
        "x.jsonl": LINE + LINE.replace(text, envelope),
    }.items():
        error = refusal(tmp_path / name, content.encode())
        assert f"data row 2: {field}: the value is already sealed" in str(error)


def test_text_that_only_begins_like_an_envelope_is_text(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"{HEADER}1,fv1.AAAA,fv1.0 is the release,,,\n")
    [record] = desk.read(tmp_path / "x.csv")
    assert (record["country"], record["name"]) == ("fv1.AAAA", "fv1.0 is the release")


def test_byte_order_mark_crlf_quotes_and_line_breaks_are_read(desk: Desk, tmp_path: Path) -> None:
    text = '\ufeff"id",country,name,email,born,balance\r\n1,"","a ""b"",\r\nc\nd",,,\r\n\r\n2,,,,,'
    (tmp_path / "x.csv").write_bytes(text.encode())
    first, second = desk.read(tmp_path / "x.csv")
    assert (first["id"], first["country"], first["name"]) == (1, None, 'a "b",\r\nc\nd')
    assert second["id"] == 2


def test_a_long_cell_is_read(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"{HEADER}1,,{'x' * 1_000_000},,,\n")
    assert len(desk.read(tmp_path / "x.csv")[0]["name"]) == 1_000_000


def test_an_endless_line_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    with path.open("wb") as file:
        for _ in range(70):
            file.write(b" " * (1 << 20))
    with pytest.raises(SchemaError, match="longer than 64 MiB"):
        open_source(path, CUSTOMERS, State.OPENED)


def test_an_unknown_suffix_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--format"):
        open_source(tmp_path / "x.xlsx", CUSTOMERS, State.OPENED)
    for name in ("x.csv", "x.jsonl", "x.parquet"):
        with pytest.raises(ConfigurationError, match="No such file"):
            open_source(tmp_path / name, CUSTOMERS, State.OPENED)
    with pytest.raises(ConfigurationError, match="too long"):
        open_source(tmp_path / f"{'x' * 300}.csv", CUSTOMERS, State.OPENED)
    with pytest.raises(ConfigurationError, match="directory"):
        open_source(tmp_path, CUSTOMERS, State.OPENED, file_format=FileFormat.CSV)


def test_pyarrow_is_asked_for_only_where_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "x.csv").write_text(HEADER + GOOD)
    Desk().seal(tmp_path / "x.csv", tmp_path / "s.csv")
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    with pytest.raises(MissingExtra, match="fieldvault\\[arrow\\]"):
        open_source(tmp_path / "x.parquet", CUSTOMERS, State.OPENED)
    with pytest.raises(MissingExtra):
        Desk().seal(tmp_path / "x.csv", tmp_path / "s.parquet")
    assert names_in(tmp_path) == ["s.csv", "x.csv", "x.parquet"]
