"""`make bench-quick`: the ratios that the project holds itself to, from one run of less than a minute.

The last line is one JSON object. A key is null where it could not be measured; what was left out is said above it.
Ratios are "so many times as fast", except those with a goal of "at most": they are costs, "so many times as long".
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

import arrow_column
import growth
import limit
import list_of_fields
import one_field
import orm
import records
from limit import LimitMissing
from list_of_fields import OURS
from peers.base import PeerMissing
from peers.cryptography_loop import CryptographyLoop
from report import Table

from fieldvault.core.batch import CORE

GOALS: dict[str, tuple[str, float]] = {
    "seal_list_vs_tink": ("at least", 6),
    "seal_list_vs_cryptography": ("at least", 4.5),
    "open_list_vs_tink": ("at least", 4.5),
    "seal_arrow_vs_tink": ("at least", 12),
    "open_arrow_vs_tink": ("at least", 10),
    "index_arrow_vs_hmac_loop": ("at least", 5),
    "seal_arrow_vs_aead_loop": ("at most", 1.6),
    "arrow_two_threads_vs_one": ("at least", 1.8),
    "records_vs_tink": ("at least", 4),
    "seal_one_vs_tink": ("at least", 0.8),
    "orm_bulk_insert_vs_plain": ("at most", 2.0),
    "orm_select_vs_plain": ("at most", 2.0),
    "growth_flatness": ("at most", 1.15),
}

Figures = dict[str, float | None]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000 if CORE == "native" else 100_000)
    rows: int = arguments.parse_args().rows
    figures: Figures = dict.fromkeys(GOALS)
    for part in (_lists, _arrow, _limit, _threads, _records, _one, _orm, _growth):
        try:
            figures |= part(rows)
        except (PeerMissing, LimitMissing) as missing:
            print(f"\nleft out: {missing}")
    _show(figures)
    print(json.dumps(figures))


def _lists(_: int) -> Figures:
    seal, open_ = _shown(list_of_fields.measure(10_000, 11, every_peer=False))
    return {
        "seal_list_vs_tink": seal.speedup(OURS),
        "seal_list_vs_cryptography": seal.speedup(OURS, CryptographyLoop.name),
        "open_list_vs_tink": open_.speedup(OURS),
    }


def _arrow(rows: int) -> Figures:
    seal, open_, index = _shown(arrow_column.measure(rows, 5))
    return {
        "seal_arrow_vs_tink": seal.speedup(arrow_column.ARROW),
        "open_arrow_vs_tink": open_.speedup(arrow_column.ARROW),
        "index_arrow_vs_hmac_loop": index.speedup("fieldvault, exact"),
    }


def _limit(rows: int) -> Figures:
    [table] = _shown([limit.measure(rows, 5, intel=False)])
    return {"seal_arrow_vs_aead_loop": table.cost(arrow_column.ARROW)}


def _threads(rows: int) -> Figures:
    [threads] = _shown([arrow_column.scaling(rows, 5, (1, 2))])
    return {"arrow_two_threads_vs_one": threads.speedup("2 threads")}


def _records(_: int) -> Figures:
    seal, _open = _shown(records.measure(10_000, 5))
    return {"records_vs_tink": seal.speedup(records.OURS)}


def _one(_: int) -> Figures:
    seal, _open = _shown(one_field.measure(2_000, 7))
    return {"seal_one_vs_tink": seal.speedup(one_field.VALUE)}


def _orm(_: int) -> Figures:
    tables = orm.sqlalchemy(2_000, 5)
    _shown(list(tables.values()))
    return {
        "orm_bulk_insert_vs_plain": tables[orm.INSERT].extra["cost"],
        "orm_select_vs_plain": tables[orm.SELECT].extra["cost"],
    }


def _growth(rows: int) -> Figures:
    sizes = [size for size in (10**3, 10**4, 10**5, 10**6) if size <= rows]
    [table] = _shown([growth.measure(sizes, 3, lists=False)])
    return {"growth_flatness": growth.flatness(table.rows)}


def _shown(tables: list[Table]) -> list[Table]:
    for one in tables:
        one.show()
    return tables


def _show(figures: Figures) -> None:
    print(f"\n{'figure':28} {'measured':>9}   goal")
    meets: dict[str, Callable[[float, float], bool]] = {"at least": float.__ge__, "at most": float.__le__}
    for name, (kind, goal) in GOALS.items():
        value = figures[name]
        verdict = "not measured" if value is None else "met" if meets[kind](float(value), float(goal)) else "missed"
        print(f"{name:28} {'' if value is None else value:>9}   {kind} {goal}: {verdict}")


if __name__ == "__main__":
    main()
