"""Peak memory of pseudonymising a Parquet file, at 100k and at 1M rows: it must not grow with the rows.

Each run is a process of its own; what is measured is its greatest resident size. Four columns become tokens (two
AES-SIV, one one-way, one shifted date), one stays. Prints a table; the last line is one JSON object. Ends with 1
where the difference is more than 30 MB.

    python benchmarks/pseudonymise_memory.py [--small ROWS] [--large ROWS] [--format FORMAT]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from memory import LIMIT_MB, peak_bytes

from fieldvault.files import FilePlan, State, columns_of, format_of, open_sink, open_source, pseudonymise_file
from fieldvault.normalise import EMAIL
from fieldvault.pseudonyms import Domain, NeverZeroDateShift, OneWayPseudonym, SivToken
from fieldvault.pseudonyms.rules import Keep, Rule, Tokenise
from fieldvault.testing import memory_keyrings

RULES: dict[str, Rule] = {
    "id": Tokenise(SivToken("person", type=int)),
    "email": Tokenise(SivToken("email", EMAIL)),
    "name": Tokenise(OneWayPseudonym("name")),
    "born": Tokenise(NeverZeroDateShift("dates", 30), subject="id"),
    "country": Keep(),
}
BATCH = 10_000


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--small", type=int, default=100_000)
    arguments.add_argument("--large", type=int, default=1_000_000)
    arguments.add_argument("--format", default="parquet", choices=["csv", "jsonl", "parquet"])
    arguments.add_argument("--child", nargs=2, metavar=("FOLDER", "FORMAT"), help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.child:
        print(pseudonymise(Path(options.child[0]), options.child[1]))
        return
    print(f"{'format':8} {'rows':>10} {'seconds':>8} {'rows/s':>9} {'peak':>10}")
    peaks = [measured(options.format, rows) for rows in (options.small, options.large)]
    growth = round(peaks[1] - peaks[0], 1)
    print(f"{options.format:8} {'difference':>10} {'':>18} {growth:>+7.1f} MB   limit {LIMIT_MB} MB")
    print(json.dumps({f"pseudonymise_memory_growth_mb_{options.format}": growth}))
    sys.exit(growth > LIMIT_MB)


def measured(file_format: str, rows: int) -> float:
    """The peak in MB (10^6 bytes) of one run in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        schema = pa.schema([("id", pa.int64()), ("born", pa.date32()), *((name, pa.string()) for name in TEXTS)])
        with pq.ParquetWriter(f"{folder}/in.parquet", schema) as writer:
            for batch in batches(rows):
                writer.write_batch(pa.record_batch(batch, schema=schema))
        start = time.perf_counter()
        command = [sys.executable, __file__, "--child", folder, file_format]
        run = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        seconds, peak = time.perf_counter() - start, int(run.stdout) / 1e6
        print(f"{file_format:8} {rows:>10,} {seconds:>8.1f} {rows / seconds:>9,.0f} {peak:>7.1f} MB", flush=True)
        return peak


TEXTS = ("email", "name", "country")


def batches(rows: int) -> Iterator[list[list[object]]]:
    """The columns of `BATCH` rows at a time, in the order of the schema."""
    for start in range(0, rows, BATCH):
        numbers = range(start, min(start + BATCH, rows))
        yield [
            list(numbers),
            [date(1950, 1, 1) + timedelta(days=number % 20_000) for number in numbers],
            [f"user{number}@example.com" for number in numbers],
            [f"Name {number % 9999}" for number in numbers],
            ["JO"] * len(numbers),
        ]


def pseudonymise(folder: Path, file_format: str) -> int:
    """Pseudonymise with the default batches. Returns the process's peak in bytes."""
    domain = Domain("research", memory_keyrings(), tenant="acme")
    domain.create()
    given, made = folder / "in.parquet", folder / f"out.{file_format}"
    plan = FilePlan(given, columns_of(given), RULES, reverse=False)
    with (
        open_source(given, plan.source_schema, State.OPENED) as source,
        open_sink(made, format_of(made), plan.sink_schema, State.OPENED, plan.columns) as sink,
    ):
        pseudonymise_file(domain, plan, source, sink)
    return peak_bytes()


if __name__ == "__main__":
    main()
