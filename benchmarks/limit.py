"""How far the columnar path is from the AEAD library itself, in a bare Rust loop over the same values with nonces.

`one buffer` is a loop in the native core that writes every ciphertext to the same place, so it knows nothing of
memory: the stricter limit. `column to column` writes them side by side, as a column needs it; it is
`native/compare`, built by `make bench-aead`, a process of its own once a round. With Intel's multi-buffer library
in that build, the limit of the machine is there too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
from arrow_column import ARROW
from report import Table, table
from rounds import Timing, interleave
from samples import associated_data, cipher, texts

from fieldvault import use_threads
from fieldvault.columns.arrow_library import take
from fieldvault.core import native

COMPARE = Path(__file__).parent.parent / "native" / "compare" / "target" / "release" / "fieldvault-compare"
INTEL = "ipsec-mb"


class LimitMissing(Exception):
    """There is no bare loop to compare with. The message says why."""


def measure(rows: int, rounds: int, *, intel: bool = True) -> Table:
    """Sealing. The base is the loop with one buffer. Raises `LimitMissing`."""
    core: Any = native.MODULE
    if core is None:
        raise LimitMissing("the distance to the limit: the pure core calls no AEAD library of Rust")
    use_threads(1)
    column, ours, library = pa.array(texts(rows), pa.string()), cipher(), core.aead_library()
    aad = associated_data(ours.seal_column("note", column[:1])[0].as_py())
    loop, key, base = core._AeadLoop(take(column)), core.AesGcmKey(os.urandom(32)), one_buffer(library)
    seconds: dict[str, list[float]] = {ARROW: [], base: []}
    for _ in range(rounds):
        timed = interleave({ARROW: lambda: ours.seal_column("note", column), base: lambda: loop.run(key, aad)}, 1)
        for name, timing in timed.items():
            seconds[name] += timing.seconds
        for name in (library, INTEL) if intel and COMPARE.exists() else ():
            took = _column_to_column(name, rows, len(aad))
            if took is not None:
                seconds.setdefault(f"{name}, column to column", []).append(took)
    timings = {name: Timing(rounds_of) for name, rounds_of in seconds.items()}
    title = f"Sealing {rows:,} rows, and the limit"
    return table("seal_arrow_limit", title, "field", timings, rows, base, extra={"library": library})


def one_buffer(library: str) -> str:
    return f"{library}, one buffer"


def _column_to_column(library: str, rows: int, aad: int) -> float | None:
    """Seconds of one pass; None where the bench was built without this library."""
    command = [str(COMPARE), "--loop", library, "--values", str(rows), "--aad", str(aad), "--passes", "1"]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return float(json.loads(run.stdout)["seal"]) if run.returncode == 0 else None


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=9)
    options = arguments.parse_args()
    try:
        measure(options.rows, options.rounds).show()
    except LimitMissing as missing:
        print(f"left out: {missing}")


if __name__ == "__main__":
    main()
