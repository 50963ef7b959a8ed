"""`make bench`: every workload; prints the tables, writes JSON and SVG into docs/benchmarks/.

    python benchmarks/all.py [WORKLOAD …]

What cannot be measured here (a peer, a server or a core that is missing) is named and left out, never guessed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import arrow_column
import blind_index
import growth
import limit
import list_of_fields
import memory
import one_field
import orm
import password_migration
import password_verification
import plots
import records
import threads
import tokens
import vault_calls
from limit import LimitMissing
from peers.base import PeerMissing
from report import Table

WORKLOADS: dict[str, Callable[[], list[Table]]] = {
    "list": lambda: list_of_fields.measure(10_000, 15, every_peer=True),
    "one": lambda: one_field.measure(10_000, 9),
    "records": lambda: records.measure(10_000, 11),
    "arrow": lambda: arrow_column.measure(1_000_000, 9),
    "limit": lambda: [limit.measure(1_000_000, 9)],
    "threads": lambda: [arrow_column.scaling(1_000_000, 9), *threads.measure(400_000, 7)],
    "growth": lambda: [growth.measure([10**power for power in range(3, 8)], 5)],
    "orm": lambda: list(orm.sqlalchemy(10_000, 9).values()),
    "index": lambda: [blind_index.measure(20_000, 21)],
    "tokens": lambda: tokens.measure(20_000, 21),
    "vault": lambda: [vault_calls.measure(10_000)],
    "memory": lambda: [memory.measure()],
    "passwords": lambda: [*password_verification.measure(41), password_migration.measure(5_000)],
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("workloads", nargs="*", choices=[[], *WORKLOADS], metavar="WORKLOAD")
    for name in arguments.parse_args().workloads or WORKLOADS:
        try:
            tables = WORKLOADS[name]()
        except (PeerMissing, LimitMissing) as missing:
            print(f"\nleft out: {name}: {missing}")
            continue
        for table in tables:
            table.show()
            table.write()
            plots.draw(table)


if __name__ == "__main__":
    main()
