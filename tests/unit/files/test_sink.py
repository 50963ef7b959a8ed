"""An output has its name when it is whole, is its owner's, and never takes the place of something by accident."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from plugins.files_kit import CUSTOMERS, Desk, names_in

from fieldvault.errors import ConfigurationError, FieldvaultError, SchemaError, ValueRefused
from fieldvault.files import FileFormat, Overwrite, Sink, State, form_for, open_sink, open_source, seal_file

NAMES = ("x.csv", "x.jsonl", "x.parquet")
RECORD = {"id": 1, "country": "JO", "name": None, "email": None, "born": None, "balance": None}


def sink_for(path: Path, state: State = State.OPENED, overwrite: Overwrite = Overwrite.REFUSE) -> Sink:
    return open_sink(path, FileFormat(path.suffix[1:]), CUSTOMERS, state, list(RECORD), overwrite=overwrite)


def interrupted(sink: Sink, kind: type[BaseException]) -> None:
    sink.write([RECORD])
    raise kind


@pytest.mark.parametrize("name", NAMES)
def test_nothing_has_the_name_before_the_end(tmp_path: Path, name: str) -> None:
    with sink_for(tmp_path / name) as sink:
        sink.write([RECORD])
        [partial] = tmp_path.iterdir()
        assert partial.name.startswith(f".{name}.")
        assert partial.name.endswith(".partial")
        assert stat.S_IMODE(partial.stat().st_mode) == 0o600
    assert names_in(tmp_path) == [name]
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_nothing(tmp_path: Path, name: str, kind: type[BaseException]) -> None:
    sink = sink_for(tmp_path / name)
    with pytest.raises(kind), sink:
        interrupted(sink, kind)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_existing_file_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(ConfigurationError, match="--force"):
        sink_for(tmp_path / name)
    with pytest.raises(ValueError), sink_for(tmp_path / name, overwrite=Overwrite.REPLACE):
        raise ValueError
    assert (tmp_path / name).read_text() == "precious"
    with sink_for(tmp_path / name, overwrite=Overwrite.REPLACE) as sink:
        sink.write([RECORD])
    assert b"precious" not in (tmp_path / name).read_bytes()
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_file_that_appears_meanwhile_stays(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="exists already"), sink_for(tmp_path / "x.csv"):
        (tmp_path / "x.csv").write_text("precious")
    assert names_in(tmp_path) == ["x.csv"]
    assert (tmp_path / "x.csv").read_text() == "precious"


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    with sink_for(tmp_path / "x.csv"):
        pass
    with pytest.raises(ConfigurationError, match="exists already"), sink_for(tmp_path / "y.csv"):
        (tmp_path / "y.csv").write_text("precious")
    assert names_in(tmp_path) == ["x.csv", "y.csv"]


def test_the_input_is_never_the_output(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("precious")
    (tmp_path / "link.csv").symlink_to(path)
    (tmp_path / "hard.csv").hardlink_to(path)
    for other in (path, tmp_path / "link.csv", tmp_path / "hard.csv"):
        with pytest.raises(ConfigurationError, match="is the input"):
            open_sink(
                other,
                FileFormat.CSV,
                CUSTOMERS,
                State.SEALED,
                list(RECORD),
                source=path,
                overwrite=Overwrite.REPLACE,
            )
    assert path.read_text() == "precious"


def test_devices_directories_and_missing_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not a regular file"):
        open_sink(
            Path("/dev/null"),
            FileFormat.CSV,
            CUSTOMERS,
            State.SEALED,
            list(RECORD),
            overwrite=Overwrite.REPLACE,
        )
    with pytest.raises(ConfigurationError, match="not a regular file"):
        open_sink(tmp_path, FileFormat.CSV, CUSTOMERS, State.SEALED, [], overwrite=Overwrite.REPLACE)
    with pytest.raises(ConfigurationError, match="too long"):
        sink_for(tmp_path / f"{'x' * 300}.csv")
    with pytest.raises(ConfigurationError, match="No such file"), sink_for(tmp_path / "none" / "x.csv"):
        pass


def test_a_long_name_still_gets_a_partial_name(tmp_path: Path) -> None:
    name = "ü" * 120 + ".csv"
    with sink_for(tmp_path / name):
        assert len(names_in(tmp_path)) == 1
    assert names_in(tmp_path) == [name]


@pytest.mark.parametrize("name", NAMES)
def test_records_must_have_exactly_the_columns(tmp_path: Path, name: str) -> None:
    for record in (RECORD | {"iban": "x"}, {"id": 1}, RECORD | {"iban": "x"}):
        with pytest.raises(SchemaError, match="other columns"), sink_for(tmp_path / name) as sink:
            sink.write([RECORD, record])
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_cipher_of_the_other_form_is_refused(desk: Desk, tmp_path: Path, name: str) -> None:
    given = desk.write(tmp_path / f"in-{name}", [RECORD | {"name": "Ann"}])
    wrong = FileFormat.CSV if name == "x.parquet" else FileFormat.PARQUET
    with (
        open_source(given, CUSTOMERS, State.OPENED) as source,
        pytest.raises(ConfigurationError, match="form_for"),
        sink_for(tmp_path / name, State.SEALED) as sink,
    ):
        seal_file(desk.cipher(wrong), source, sink)
    sealed = desk.cipher(wrong).seal(RECORD | {"name": "Ann"})
    with pytest.raises(SchemaError, match="form_for"), sink_for(tmp_path / name, State.SEALED) as sink:
        sink.write([sealed])
    assert names_in(tmp_path) == [given.name]
    assert type(form_for(FileFormat(given.suffix[1:]))) is not type(form_for(wrong))


@pytest.mark.parametrize("name", NAMES)
def test_a_lone_surrogate_in_a_plain_column_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueRefused, match="lone surrogate") as caught, sink_for(tmp_path / name) as sink:
        sink.write([RECORD | {"country": "\ud800canary"}])
    assert caught.value.__context__ is None
    assert names_in(tmp_path) == []


def test_writing_outside_the_block_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FieldvaultError, match="with block"):
        sink_for(tmp_path / "x.csv").write([RECORD])
