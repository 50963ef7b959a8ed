"""From a thousand fields to ten million: the cost of a field must stay flat.

Small sizes are repeated, so that each takes as long as a million fields. An Arrow column, as a table of that size
is held; the list of the same values up to a million.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
from report import Row, Table
from rounds import Timing, interleave, ratio
from samples import cipher, texts

from fieldvault import use_threads

LARGEST_LIST = 1_000_000


def measure(sizes: Sequence[int], rounds: int, *, lists: bool = True) -> Table:
    """`flatness` is the dearest field of any size over the cheapest, from the medians, of the Arrow column."""
    use_threads(1)
    ours, least = cipher(), 1_000_000
    contenders: dict[str, tuple[Callable[[], object], int]] = {}
    all_texts = pa.array(texts(max(sizes)), pa.string())
    for size in sizes:
        column, repeats = all_texts[:size], max(1, least // size)
        contenders[f"Arrow, {size:,}"] = (_sealing(ours, column, repeats), size * repeats)
        if lists and size <= LARGEST_LIST:
            contenders[f"list, {size:,}"] = (_sealing(ours, column.to_pylist(), repeats), size * repeats)
    timings = interleave({name: run for name, (run, _) in contenders.items()}, rounds)
    costs = {name: timings[name].times(1 / fields) for name, (_, fields) in contenders.items()}
    base = f"Arrow, {min(sizes):,}"
    rows = [Row(name, round(cost.per_item(1), 4), _against(cost, costs[base])) for name, cost in costs.items()]
    extra = {f"flatness, {kind}": flatness(rows, kind) for kind in (("Arrow", "list") if lists else ("Arrow",))}
    return Table("growth", "Sealing more and more fields", "field", base, rows, extra)


def flatness(rows: list[Row], kind: str = "Arrow") -> float:
    costs = [row.microseconds for row in rows if row.name.startswith(kind)]
    return round(max(costs) / min(costs), 3)


def _against(cost: Timing, base: Timing) -> Any:
    return None if cost is base else ratio(base, cost)


def _sealing(ours: Any, values: Any, repeats: int) -> Callable[[], None]:
    def run() -> None:
        for _ in range(repeats):
            ours.seal_column("note", values)

    return run


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--largest", type=int, default=7, help="the power of ten")
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    measure([10**power for power in range(3, options.largest + 1)], options.rounds).show()


if __name__ == "__main__":
    main()
