"""One field at a time, as a web request does: the mean cost, and the median and 99th percentile of single calls.

`seal_value`, `seal_column` of one value and `seal` of a record with one field, against Tink's one call.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from peers.cryptography_loop import CryptographyLoop
from peers.tink_aead import TinkAead
from report import Table, table
from rounds import interleave
from samples import associated_data, cipher, plaintexts, texts

VALUE, COLUMN, RECORD = "fieldvault, seal_value", "fieldvault, seal_column", "fieldvault, seal"


def measure(calls: int, rounds: int) -> list[Table]:
    values, given = texts(calls), plaintexts(calls)
    singles, records = [[value] for value in values], [{"note": value} for value in values]
    each = [[value] for value in given]
    ours, tink, bare = cipher(), TinkAead(), CryptographyLoop()
    sealed = ours.seal_column("note", values)
    aad = associated_data(sealed[0])
    sealed_singles, sealed_records = [[one] for one in sealed], [{"note": one} for one in sealed]
    by_tink, by_bare = [[one] for one in tink.seal(given, aad)], [[one] for one in bare.seal(given, aad)]
    seal: dict[str, Callable[[int], object]] = {
        VALUE: lambda at: ours.seal_value("note", values[at]),
        COLUMN: lambda at: ours.seal_column("note", singles[at]),
        RECORD: lambda at: ours.seal(records[at]),
        TinkAead.name: lambda at: tink.seal(each[at], aad),
        CryptographyLoop.name: lambda at: bare.seal(each[at], aad),
    }
    open_: dict[str, Callable[[int], object]] = {
        VALUE.replace("seal", "open"): lambda at: ours.open_value("note", sealed[at]),
        COLUMN.replace("seal", "open"): lambda at: ours.open_column("note", sealed_singles[at]),
        RECORD.replace("seal", "open"): lambda at: ours.open(sealed_records[at]),
        TinkAead.name: lambda at: tink.open(by_tink[at], aad),
        CryptographyLoop.name: lambda at: bare.open(by_bare[at], aad),
    }
    return [
        _table("seal_one", "Sealing one field", seal, calls, rounds),
        _table("open_one", "Opening one field", open_, calls, rounds),
    ]


def _table(name: str, title: str, contenders: dict[str, Callable[[int], object]], calls: int, rounds: int) -> Table:
    timings = interleave({who: _all_of_them(call, calls) for who, call in contenders.items()}, rounds)
    percentiles = {who: _percentiles(call, calls) for who, call in contenders.items()}
    return table(name, title, "call", timings, calls, TinkAead.name, extra={"p50 and p99, µs": percentiles})


def _all_of_them(call: Callable[[int], object], calls: int) -> Callable[[], None]:
    def run() -> None:
        for at in range(calls):
            call(at)

    return run


def _percentiles(call: Callable[[int], object], calls: int) -> list[float]:
    """By the clock on the wall, which is what a request waits; the clock's own cost is in it."""
    clock, took = time.perf_counter_ns, []
    for at in range(calls):
        start = clock()
        call(at)
        took.append(clock() - start)
    cuts = statistics.quantiles(took, n=100)
    return [round(cuts[49] / 1000, 2), round(cuts[98] / 1000, 2)]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=9)
    options = arguments.parse_args()
    for one in measure(options.calls, options.rounds):
        one.show()


if __name__ == "__main__":
    main()
