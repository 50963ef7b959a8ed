"""The ORMs against plain columns: the same model with and without sealed attributes, in one run.

`orm_sqlalchemy.py` and `orm_django.py` have the models and the work; here a database and keys are made for them.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from peers.base import library
from report import Row, Table
from rounds import Ratio

import fieldvault
from fieldvault.keystore import SqlKeyStore
from fieldvault.testing import memory_keyrings

SEALED, PLAIN = "fieldvault", "plain columns"
INSERT, SELECT = "execute(insert)", "select and read"


def sqlalchemy(rows: int, rounds: int) -> dict[str, Table]:
    """By workload, on a SQLite file. Raises `PeerMissing` where there is no such benchmark, or no SQLAlchemy."""
    benchmark: Any = library("orm_sqlalchemy")
    database, adapter = library("sqlalchemy"), library("fieldvault.contrib.sqlalchemy")
    with tempfile.TemporaryDirectory() as folder, SqlKeyStore(f"sqlite:///{Path(folder)}/keys.db") as store:
        store.create()
        engine = database.create_engine(f"sqlite:///{Path(folder)}/bench.db")
        benchmark.Base.metadata.create_all(engine)
        adapter.protect(benchmark.Base, memory_keyrings(store=store))
        try:
            with fieldvault.scope(tenant="acme"):
                results = benchmark.measure(engine, rows, rounds)
        finally:
            engine.dispose()
    ratios = {name: found for name, found in results.items() if isinstance(found, tuple)}
    return {name: _table(f"SQLAlchemy, {name}", cost, plain / rows * 1e3) for name, (cost, plain) in ratios.items()}


def _table(title: str, cost: Ratio, plain: float) -> Table:
    name = "orm_" + "_".join(re.findall(r"[a-z]+", title.lower()))
    rows = [
        Row(PLAIN, round(plain, 3), None),
        Row(SEALED, round(plain * cost.median, 3), None, f"{cost} times as long"),
    ]
    return Table(name, title, "row", PLAIN, rows, {"cost": round(cost.median, 3)})
