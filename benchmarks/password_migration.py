"""A migration of 20,000 MD5 rows in SQLite with one thread and with two: what the second thread gives, and memory.

Each run is a process of its own on a fresh copy of the table. The parameters are cheap (8 MiB, 1 pass) so that the
benchmark ends, and still dear enough that hashing dominates, as it does with real ones. Ends with 1 where two
threads are less than 1.8 times as fast as one, or where memory grows by more than the hashes' own and 30 MB.

    python benchmarks/password_migration.py [--rows N] [--rounds N] [--memory-kib N]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from memory import peak_bytes
from report import Table, table
from rounds import Timing

from fieldvault.password_migration import Database, Migration, PasswordColumn, PasswordTable, Sorter
from fieldvault.passwords import Argon2Profile, PasswordHasher

WANTED_RATIO = 1.8
SLACK_MB = 30
ONE, TWO = "fieldvault, 1 thread", "fieldvault, 2 threads"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--memory-kib", type=int, default=8192)
    arguments.add_argument("--child", nargs=2, metavar=("FILE", "THREADS"), help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.child:
        print(json.dumps(migrated(Path(options.child[0]), int(options.child[1]), options.memory_kib)))
        return
    table = measure(options.rows, options.rounds, options.memory_kib)
    table.show()
    ratio, more = table.speedup(TWO), table.extra["MB more with two"]
    print(f"two threads are {ratio:.2f} times as fast as one; wanted {WANTED_RATIO}")
    print(f"the second thread takes {more:+.1f} MB; at most {table.extra['limit in MB']} MB")
    print(json.dumps({"password_migration_two_threads": ratio, "growth_mb": more}))
    sys.exit(ratio < WANTED_RATIO or more > table.extra["limit in MB"])


def measure(rows: int = 20_000, rounds: int = 1, memory_kib: int = 8192) -> Table:
    timings: dict[str, Timing] = {ONE: Timing([]), TWO: Timing([])}
    peaks: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        legacy = Path(folder) / "legacy.db"
        make_table(legacy, rows)
        for _ in range(rounds):
            for threads, name in enumerate(timings, start=1):
                took, peaks[name] = measured(legacy, threads, memory_kib)
                timings[name].seconds.append(took)
    limit = round(memory_kib * 1024 / 1e6 + SLACK_MB, 1)
    extra = {"peak in MB": peaks, "MB more with two": round(peaks[TWO] - peaks[ONE], 1), "limit in MB": limit}
    return table("password_migration", f"Wrapping {rows:,} MD5 rows", "row", timings, rows, ONE, extra=extra)


def make_table(file: Path, rows: int) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, password VARCHAR(512))")
        digests = (
            (at, f"md5$s{at}${hashlib.md5(f's{at}password{at}'.encode()).hexdigest()}") for at in range(rows)
        )
        connection.executemany("INSERT INTO users VALUES (?, ?)", digests)
    connection.close()


def measured(table: Path, threads: int, memory_kib: int) -> tuple[float, float]:
    """Seconds of the migration, and the process's peak in MB (10^6 bytes)."""
    copy = table.with_name("copy.db")
    shutil.copy(table, copy)
    command = [sys.executable, __file__, "--memory-kib", str(memory_kib), "--child", str(copy), str(threads)]
    seconds, peak = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return seconds, peak


def migrated(file: Path, threads: int, memory_kib: int) -> tuple[float, float]:
    hasher = PasswordHasher(Argon2Profile(memory_kib, passes=1, lanes=1))
    with Database(f"sqlite:///{file}") as database:
        table = PasswordTable(database, PasswordColumn("users", "password"))
        started = time.perf_counter()
        result = Migration(database, table, Sorter(), hasher, threads=threads).run()
        took = time.perf_counter() - started
    assert result.finished
    return took, peak_bytes() / 1e6


if __name__ == "__main__":
    main()
