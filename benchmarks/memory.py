"""Peak memory of sealing and opening a file, at 100k and at 2M rows: it must not grow with the rows.

Each run is a process of its own, which seals a CSV file into the format and opens it again; what is measured is
that process's greatest resident size. Prints a table; the last line is one JSON object. Ends with 1 where the
difference is more than 30 MB.

    python benchmarks/memory.py [--small ROWS] [--large ROWS] [--formats csv,jsonl,parquet]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from report import Row, Table

from fieldvault import PlainField, RecordCipher, Schema, SealedField, Tenancy
from fieldvault.files import State, form_for, format_of, open_file, open_sink, open_source, seal_file
from fieldvault.testing import memory_keyrings

LIMIT_MB = 30
CUSTOMERS = Schema(
    "customers",
    [PlainField("id", int), PlainField("country"), SealedField("name"), SealedField("email"), SealedField("iban")],
    row_id="id",
    tenancy=Tenancy.GLOBAL,
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--small", type=int, default=100_000)
    arguments.add_argument("--large", type=int, default=2_000_000)
    arguments.add_argument("--formats", default="csv,jsonl,parquet")
    arguments.add_argument("--child", nargs=2, metavar=("FOLDER", "FORMAT"), help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.child:
        print(seal_and_open(Path(options.child[0]), options.child[1]))
        return
    table = measure(options.small, options.large, tuple(options.formats.split(",")))
    table.show()
    growth = table.extra["growth in MB"]
    print(json.dumps({f"memory_growth_mb_{file_format}": value for file_format, value in growth.items()}))
    sys.exit(max(growth.values()) > LIMIT_MB)


def measure(
    small: int = 100_000, large: int = 1_000_000, formats: tuple[str, ...] = ("csv", "jsonl", "parquet")
) -> Table:
    """Peaks at both sizes; `growth in MB` is the difference, at most `LIMIT_MB`."""
    rows, peaks = list[Row](), dict[str, float]()
    for file_format in formats:
        for size in (small, large):
            name = f"{file_format}, {size:,}"
            seconds, peaks[name] = measured(file_format, size)
            rows.append(Row(name, round(seconds / size * 1e6, 3), None, f"peak {peaks[name]:.1f} MB"))
    growth = {one: round(peaks[f"{one}, {large:,}"] - peaks[f"{one}, {small:,}"], 1) for one in formats}
    extra = {"peak in MB": peaks, "growth in MB": growth, "limit in MB": LIMIT_MB}
    return Table("memory", "A file sealed and opened again, in a process of its own", "row", "", rows, extra)


def measured(file_format: str, rows: int) -> tuple[float, float]:
    """Seconds on the wall and the peak in MB (10^6 bytes) of one run in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        with (Path(folder) / "in.csv").open("w") as file:
            file.write("id,country,name,email,iban\n")
            for number in range(rows):
                file.write(f"{number},JO,Name {number % 9999},user{number}@example.com,JO{number:028}\n")
        start = time.perf_counter()
        command = [sys.executable, __file__, "--child", folder, file_format]
        run = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        peak = int(run.stdout) / 1e6
        return time.perf_counter() - start, peak


def seal_and_open(folder: Path, file_format: str) -> int:
    """Seal and open again, with the default batches. Returns the process's peak in bytes."""
    keyrings = memory_keyrings()
    given, sealed, back = folder / "in.csv", folder / f"sealed.{file_format}", folder / f"back.{file_format}"
    for source_path, state, sink_path, job in (
        (given, State.OPENED, sealed, seal_file),
        (sealed, State.SEALED, back, open_file),
    ):
        other = State.SEALED if state is State.OPENED else State.OPENED
        with (
            open_source(source_path, CUSTOMERS, state) as source,
            open_sink(sink_path, format_of(sink_path), CUSTOMERS, other, source.columns) as sink,
        ):
            job(RecordCipher(CUSTOMERS, keyrings, form=form_for(sink.file_format)), source, sink)
    return peak_bytes()


def peak_bytes() -> int:
    """This process's greatest resident size so far."""
    status = Path("/proc/self/status")
    if status.exists():
        # Linux's ru_maxrss begins with what the parent had at the fork; VmHWM begins anew with the program.
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
