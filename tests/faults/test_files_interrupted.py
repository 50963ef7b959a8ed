"""Runs that die: killed in the middle, or out of space. Nothing has the final name, and an older file stays."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from plugins.files_kit import CUSTOMERS, Desk, customers_csv, names_in

NAMES = ["out.csv", "out.jsonl", "out.parquet"]

STUCK = """
import sys, time
from pathlib import Path
from plugins.files_kit import CUSTOMERS, Desk
from fieldvault.files import Overwrite, State, format_of, open_sink, open_source, seal_file

given, wanted = map(Path, sys.argv[1:])

def stop_here(rows):
    print(rows, flush=True)
    time.sleep(600)

with (
    open_source(given, CUSTOMERS, State.OPENED, batch_rows=500) as source,
    open_sink(
        wanted, format_of(wanted), CUSTOMERS, State.SEALED, source.columns, overwrite=Overwrite.REPLACE
    ) as sink,
):
    seal_file(Desk().cipher(sink.file_format), source, sink, on_rows=stop_here)
"""

FULL = """
import json, resource, sys
from pathlib import Path
from plugins.files_kit import CUSTOMERS, Desk, names_in
from fieldvault.errors import FieldvaultError

given, wanted = map(Path, sys.argv[1:3])
desk = Desk()
told = []
for limit in map(int, sys.argv[3:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    outcome = "written"
    try:
        desk.seal(given, wanted, batch_rows=500)
    except FieldvaultError as error:
        outcome = f"{type(error).__name__}: {error.message}"
    told.append([outcome, names_in(wanted.parent)])
    wanted.unlink(missing_ok=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(json.dumps(told))
"""


def python(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, arguments)]


@pytest.fixture
def environment() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": ""}


@pytest.mark.parametrize("older", [None, "precious"])
@pytest.mark.parametrize("name", NAMES)
def test_killed_in_the_middle(tmp_path: Path, environment: dict[str, str], name: str, older: str | None) -> None:
    (tmp_path / "in.csv").write_text(customers_csv(1000))
    if older is not None:
        (tmp_path / name).write_text(older)
    command = python(STUCK, tmp_path / "in.csv", tmp_path / name)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "500\n"
        run.kill()
        assert run.wait(60) == -signal.SIGKILL
    [leftover] = [found for found in names_in(tmp_path) if found not in ("in.csv", name)]
    assert leftover.startswith(f".{name}.")
    assert leftover.endswith(".partial")
    assert b"user13@example.com" not in (tmp_path / leftover).read_bytes()
    if older is None:
        assert not (tmp_path / name).exists()
        assert Desk(CUSTOMERS).seal(tmp_path / "in.csv", tmp_path / name).written == 1000
    else:
        assert (tmp_path / name).read_text() == older


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk(tmp_path: Path, environment: dict[str, str], name: str) -> None:
    (tmp_path / "in.csv").write_text(customers_csv(1000))
    Desk(CUSTOMERS).seal(tmp_path / "in.csv", tmp_path / name, batch_rows=500)
    # Envelopes and index values have the same lengths each time, so the file has nearly the same.
    size = (tmp_path / name).stat().st_size
    (tmp_path / name).unlink()
    # In the header, in the first batch, in the second, in what Parquet writes at the end; and not at all.
    limits = [1, 10, size // 3, size - size // 3, size - 600, size - 200, size * 2]
    command = python(FULL, tmp_path / "in.csv", tmp_path / name, *limits)
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stderr) == (0, "")
    *full, last = json.loads(run.stdout)
    for outcome in full:
        assert outcome == [f"ConfigurationError: {tmp_path / name} cannot be written: File too large", ["in.csv"]]
    assert last == ["written", ["in.csv", name]]
