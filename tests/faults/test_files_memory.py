"""Memory does not grow with the number of rows; `benchmarks/memory.py` measures the same at full size."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from plugins.files_kit import names_in

FLAT_KIB = 25 * 1024

RUN = """
import sys
from pathlib import Path
from plugins.files_kit import Desk
from fieldvault import PlainField, Schema, SealedField, Tenancy

folder, suffix, rows = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
desk = Desk(Schema(
    "t", [PlainField("id", int), SealedField("note"), SealedField("more")], row_id="id", tenancy=Tenancy.GLOBAL
))
with (folder / "in.csv").open("w") as file:
    file.write("id,note,more\\n")
    for n in range(rows):
        file.write(f"{n},{n:0>200},{n}\\n")
desk.seal(folder / "in.csv", folder / f"sealed.{suffix}", batch_rows=5_000)
desk.open(folder / f"sealed.{suffix}", folder / f"back.{suffix}", batch_rows=5_000)
desk.seal(folder / f"back.{suffix}", folder / f"again.{suffix}", batch_rows=5_000)
[peak] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
print(peak.split()[1])
"""


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_ten_times_the_rows_need_no_more_memory(tmp_path: Path, suffix: str) -> None:
    peaks = []
    for rows in (20_000, 200_000):
        folder = tmp_path / str(rows)
        folder.mkdir()
        run = subprocess.run(
            [sys.executable, "-c", RUN, str(folder), suffix, str(rows)],
            env={"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
            timeout=240,
        )
        assert len(names_in(folder)) == 4
        peaks.append(int(run.stdout))
    assert peaks[1] - peaks[0] < FLAT_KIB, peaks
