"""An application's own threads, each sealing its own lists: does a second thread help, or make it slower?

By the clock on the wall. Every count of threads seals the same fields in all. The core's own threads within one
call are in arrow_column.py.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from peers.tink_aead import TinkAead
from report import Table, table
from rounds import Contender, interleave
from samples import associated_data, cipher, plaintexts, texts

from fieldvault import use_threads

COUNTS = (1, 2, 4)


def measure(fields: int, rounds: int, batch: int = 10_000) -> list[Table]:
    use_threads(1)
    ours, tink = cipher(), TinkAead()
    values, given = texts(batch), plaintexts(batch)
    aad = associated_data(ours.seal_column("note", values[:1])[0])
    return [
        _table("threads_list", "fieldvault", lambda: ours.seal_column("note", values), fields, batch, rounds),
        _table("threads_tink", "Tink", lambda: tink.seal(given, aad), fields, batch, rounds),
    ]


def _table(name: str, who: str, seal: Callable[[], object], fields: int, batch: int, rounds: int) -> Table:
    contenders = {str(count): Contender(_in_threads(count, seal, fields // batch), waits=True) for count in COUNTS}
    timings = interleave(contenders, rounds)
    title = f"{who}: lists of {batch:,} in threads of the application"
    return table(name, title, "field", timings, fields, "1", extra={"cores": os.cpu_count()})


def _in_threads(count: int, seal: Callable[[], object], batches: int) -> Callable[[], None]:
    def run() -> None:
        with ThreadPoolExecutor(count) as pool:
            for done in [pool.submit(seal) for _ in range(batches)]:
                done.result()

    return run


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--fields", type=int, default=400_000)
    arguments.add_argument("--rounds", type=int, default=7)
    options = arguments.parse_args()
    for one in measure(options.fields, options.rounds):
        one.show()


if __name__ == "__main__":
    main()
