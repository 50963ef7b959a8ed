"""Instructions for one more field, counted by callgrind on a fixed workload: a guard that no clock and no neighbour
disturbs. `make bench-instructions` compares with instructions.json and ends with 1 where a count has grown.

    python benchmarks/instructions.py [--renew]

Valgrind's processor has no AVX-512, so what is counted is the core's AVX2 path. Each workload runs twice, with
`FEW` and with `MORE` fields, and the difference is what is looked at: starting Python is not in it, making the
values is, and `open_column` seals first.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from samples import COLUMN, CUSTOMERS, ROW_BOUND, cipher, customers, texts

from fieldvault.core.batch import CORE

RECORDED = Path(__file__).with_suffix(".json")
FEW, MORE = 2_000, 6_000
TOLERANCE = 1.05
"""Where memory lies moves a count a little from run to run."""


def workload(name: str, fields: int) -> Callable[[], object]:
    """One of `NAMES`, on that many fields."""
    ours, values, rows = cipher(COLUMN), texts(fields), list(range(fields))
    if name == "seal_column":
        return lambda: ours.seal_column("note", values)
    if name == "open_column":
        sealed = ours.seal_column("note", values)
        return lambda: ours.open_column("note", sealed)
    if name == "seal_column, row-bound":
        return lambda: cipher(ROW_BOUND).seal_column("note", values, row_ids=rows)
    records, of_records = customers(fields // 5), cipher(CUSTOMERS)
    return lambda: of_records.seal_many(records)


NAMES = ("seal_column", "seal_column, row-bound", "open_column", "seal_many")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--renew", action="store_true", help="write the counts of this core and Python anew")
    arguments.add_argument("--child", nargs=2, metavar=("WORKLOAD", "FIELDS"), help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.child:
        workload(options.child[0], int(options.child[1]))()
        return
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is not installed: apt-get install valgrind")
    who = f"{CORE} core, Python {sys.version_info.major}.{sys.version_info.minor}"
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    counts = {name: (counted(name, MORE) - counted(name, FEW)) / (MORE - FEW) for name in NAMES}
    before = recorded.get(who, {})
    for name, count in counts.items():
        known = f"recorded {before[name]:,.0f}" if name in before else "not recorded"
        print(f"{name:24} {count:10,.0f} instructions a field   {known}")
    if options.renew:
        recorded[who] = {name: round(count) for name, count in counts.items()}
        RECORDED.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")
        return
    dearer = [name for name, count in counts.items() if name in before and count > before[name] * TOLERANCE]
    if dearer:
        sys.exit(f"more instructions than recorded: {', '.join(dearer)}")


def counted(name: str, fields: int) -> int:
    """Instructions of the whole process."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, __file__]
    run = subprocess.run(
        [*command, "--child", name, str(fields)],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = re.search(r"Collected : (\d+)", run.stderr)
    if found is None:
        raise RuntimeError("callgrind did not say how many instructions it collected")
    return int(found[1])


if __name__ == "__main__":
    main()
