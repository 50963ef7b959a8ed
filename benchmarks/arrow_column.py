"""A million rows of an Arrow column: sealed, opened, indexed, on one thread; and how it scales over threads.

The peers have no Arrow interface, so they get a list of bytes. How far this is from the AEAD library itself is in
limit.py.
"""

from __future__ import annotations

import argparse
import hmac
import os
from collections.abc import Callable
from typing import Any

import pyarrow as pa
from peers.cryptography_loop import CryptographyLoop
from peers.tink_aead import TinkAead
from report import Table, table
from rounds import Contender, Timing, interleave
from samples import EMAILS, EXACT, associated_data, cipher, plaintexts, texts

from fieldvault import use_threads
from fieldvault.core.batch import CORE

ARROW = "fieldvault, Arrow"
SHARE = 0.1
"""Of the rows, for the peers, which take ten times as long for each."""


def measure(rows: int, rounds: int) -> list[Table]:
    """Sealing and opening against Tink, indexing against an hmac loop."""
    use_threads(1)
    column, given = pa.array(texts(rows), pa.string()), plaintexts(int(rows * SHARE))
    ours = cipher()
    sealed = ours.seal_column("note", column)
    aad = associated_data(sealed[0].as_py())
    tink, bare = TinkAead(), CryptographyLoop()
    by_tink, by_bare = tink.seal(given, aad), bare.seal(given, aad)
    seal = interleave(
        {
            ARROW: lambda: ours.seal_column("note", column),
            TinkAead.name: lambda: tink.seal(given, aad),
            CryptographyLoop.name: lambda: bare.seal(given, aad),
        },
        rounds,
    )
    open_ = interleave(
        {
            ARROW: lambda: ours.open_column("note", sealed),
            TinkAead.name: lambda: tink.open(by_tink, aad),
            CryptographyLoop.name: lambda: bare.open(by_bare, aad),
        },
        rounds,
    )
    return [
        table("seal_arrow", f"Sealing {rows:,} rows", "field", _all_rows(seal), rows, TinkAead.name),
        table("open_arrow", f"Opening {rows:,} rows", "field", _all_rows(open_), rows, TinkAead.name),
        _indexing(column, given, rounds),
    ]


def _indexing(column: Any, given: list[bytes], rounds: int) -> Table:
    rows, key, exact, emails = len(column), os.urandom(32), cipher(EXACT), cipher(EMAILS)
    spellings = texts(len(given))
    timings = interleave(
        {
            "fieldvault, exact": lambda: exact.index_column("note", column),
            "fieldvault, e-mail": lambda: emails.index_column("email", column),
            "hmac loop": lambda: [hmac.digest(key, value, "sha256")[:16] for value in given],
            "hmac loop, strip and lower": lambda: [
                hmac.digest(key, value.strip().lower().encode(), "sha256")[:16] for value in spellings
            ],
        },
        rounds,
    )
    return table(
        "index_arrow", f"Blind index of {rows:,} rows", "value", _all_rows(timings, "hmac"), rows, "hmac loop"
    )


def scaling(rows: int, rounds: int, counts: tuple[int, ...] = (1, 2, 4)) -> Table:
    """One column over the core's own threads, by the clock on the wall."""
    column, ours = pa.array(texts(rows), pa.string()), cipher()

    def sealing(count: int) -> Callable[[], object]:
        def run() -> object:
            use_threads(count)
            return ours.seal_column("note", column)

        return run

    timings = interleave({_threads(count): Contender(sealing(count), waits=True) for count in counts}, rounds)
    use_threads(1)
    extra = {"cores": os.cpu_count()} | ({} if CORE == "native" else {"note": "the pure core runs in one thread"})
    return table(
        "threads_arrow", f"Sealing {rows:,} rows over threads", "field", timings, rows, _threads(1), extra=extra
    )


def _threads(count: int) -> str:
    return f"{count} thread" if count == 1 else f"{count} threads"


def _all_rows(timings: dict[str, Timing], prefix: str = "") -> dict[str, Timing]:
    """The peers' timings as if they had done all rows."""
    peers = {name for name in timings if name.startswith(prefix) and not name.startswith("fieldvault")}
    return {name: timing.times(1 / SHARE) if name in peers else timing for name, timing in timings.items()}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=9)
    options = arguments.parse_args()
    for one in measure(options.rows, options.rounds):
        one.show()
    scaling(options.rows, options.rounds).show()


if __name__ == "__main__":
    main()
