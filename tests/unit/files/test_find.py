"""Find by the blind index: only what matches is opened, and what is opened is compared again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from plugins.files_kit import CANARY, CUSTOMERS, Desk, customers_csv
from plugins.secrecy import found_in, shown_by

from fieldvault.errors import BatchError, ConfigurationError, NotIndexable, SchemaError
from fieldvault.files import FileFormat, State, find_in_file, open_sink, open_source


def find(desk: Desk, path: Path, field: str, value: Any, written_as: FileFormat = FileFormat.CSV) -> list[int]:
    with open_source(path, desk.schema, State.SEALED, batch_rows=7) as source:
        return [record["id"] for record in find_in_file(desk.cipher(written_as), source, field, value)]


@pytest.mark.parametrize("name", ["s.csv", "s.jsonl", "s.parquet"])
@pytest.mark.parametrize("cipher_for", [FileFormat.CSV, FileFormat.PARQUET])
def test_finds_a_differently_written_value(desk: Desk, tmp_path: Path, name: str, cipher_for: FileFormat) -> None:
    (tmp_path / "in.csv").write_text(customers_csv(20))
    desk.seal(tmp_path / "in.csv", tmp_path / name)
    assert find(desk, tmp_path / name, "email", "USER13@Example.COM", cipher_for) == [13]
    assert find(desk, tmp_path / name, "name", f"  {CANARY},   3", cipher_for) == [3, 8, 13, 18]
    assert find(desk, tmp_path / name, "email", "nobody@example.com", cipher_for) == []


def test_a_record_found_is_the_record_that_was_sealed(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(customers_csv(20))
    desk.seal(tmp_path / "in.csv", tmp_path / "s.csv")
    with open_source(tmp_path / "s.csv", CUSTOMERS, State.SEALED) as source:
        [found] = find_in_file(desk.cipher(), source, "email", "user13@example.com")
    assert found == desk.read(tmp_path / "in.csv")[12]


def sealed_records(desk: Desk, tmp_path: Path) -> list[dict[str, Any]]:
    (tmp_path / "in.csv").write_text(customers_csv(20))
    desk.seal(tmp_path / "in.csv", tmp_path / "s.csv")
    return desk.read(tmp_path / "s.csv", State.SEALED)


def write_sealed(path: Path, records: list[dict[str, Any]]) -> Path:
    with open_sink(path, FileFormat.CSV, CUSTOMERS, State.SEALED, list(CUSTOMERS.fields)) as sink:
        sink.write(records)
    return path


def test_a_collision_is_not_a_match(desk: Desk, tmp_path: Path) -> None:
    records = sealed_records(desk, tmp_path)
    records[4]["email_index"] = records[12]["email_index"]
    path = write_sealed(tmp_path / "forged.csv", records)
    assert find(desk, path, "email", "user13@example.com") == [13]


def test_only_what_matches_is_opened(desk: Desk, tmp_path: Path) -> None:
    records = sealed_records(desk, tmp_path)
    for record in records:
        if record["id"] != 13:
            record["email"] = "fv1.broken"
    path = write_sealed(tmp_path / "broken.csv", records)
    assert find(desk, path, "email", "user13@example.com") == [13]
    with pytest.raises(BatchError, match="data row 9: email"):
        find(desk, path, "email", "user9@example.com")


def test_refusals(desk: Desk, tmp_path: Path) -> None:
    sealed_records(desk, tmp_path)
    with (
        open_source(tmp_path / "in.csv", CUSTOMERS, State.OPENED) as source,
        pytest.raises(ConfigurationError, match="only a sealed file"),
    ):
        find_in_file(desk.cipher(), source, "email", "x@example.com")
    for field, value, kind in (
        ("born", "x", SchemaError),
        ("country", "JO", SchemaError),
        ("email", CANARY, NotIndexable),
        ("email", None, SchemaError),
    ):
        with pytest.raises(kind) as caught:
            find(desk, tmp_path / "s.csv", field, value)
        assert not found_in(shown_by(caught.value), [CANARY])


def test_a_file_without_the_index_column_is_refused(desk: Desk, tmp_path: Path) -> None:
    sealed_records(desk, tmp_path)
    lines = [line.split(",") for line in (tmp_path / "s.csv").read_text().splitlines()]
    gone = lines[0].index("email_index")
    (tmp_path / "s.csv").write_text("\n".join(",".join(line[:gone] + line[gone + 1 :]) for line in lines))
    with pytest.raises(SchemaError, match="lacks the index column email_index"):
        find(desk, tmp_path / "s.csv", "email", "user13@example.com")
    desk.open(tmp_path / "s.csv", tmp_path / "back.csv")
    assert (tmp_path / "back.csv").read_text() == customers_csv(20)


def test_another_keyring_finds_nothing(desk: Desk, tmp_path: Path) -> None:
    sealed_records(desk, tmp_path)
    stranger = Desk()
    assert find(stranger, tmp_path / "s.csv", "email", "user13@example.com") == []
