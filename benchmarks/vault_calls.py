"""How often the Vault is asked for 10,000 rows, counted by the server itself in its audit log; and what cold costs.

The times are by the clock on the wall. `the cipher itself` is OpenBao's transit engine given every value.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from openbao import openbao
from peers.openbao_transit import OpenBaoTransit
from report import Row, Table
from samples import CUSTOMERS, TENANT, associated_data, customers, plaintexts

from fieldvault import Keyrings, RecordCipher
from fieldvault.kek.vault_transit import TokenAuth, VaultTransitKek
from fieldvault.keystore import SqlKeyStore


def measure(rows: int) -> Table:
    records = customers(rows)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(openbao())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = stack.enter_context(SqlKeyStore(f"sqlite:///{folder}/keys.db"))
        store.create()
        key = server.create_key()
        token = folder / "token"
        token.write_text(server.create_token(server.least_privilege(key)))

        def application() -> RecordCipher:
            kek = VaultTransitKek(address=server.address, key=key, mount=server.mount, auth=TokenAuth(token))
            return RecordCipher(CUSTOMERS, Keyrings(kek, store), tenant=TENANT)

        first = application()
        sealed = first.seal_many(records)
        cold_to_open, cold_to_seal = application(), application()
        steps: dict[str, tuple[Callable[[], object], str]] = {
            "opening, cold": (lambda: cold_to_open.open_many(sealed), key),
            "opening, warm": (lambda: cold_to_open.open_many(sealed), key),
            "sealing, cold": (lambda: cold_to_seal.seal_many(records), key),
            "sealing, warm": (lambda: cold_to_seal.seal_many(records), key),
        }
        transit = OpenBaoTransit(server)
        stack.callback(transit.close)
        values, aad = plaintexts(rows), associated_data(sealed[0]["name"])
        steps["the cipher itself, one column"] = (lambda: transit.seal(values, aad), transit.key)
        counted = {name: _counted(server, wrapping, step) for name, (step, wrapping) in steps.items()}
    calls = {name: asked for name, (asked, _) in counted.items()}
    table_rows = [Row(name, round(took / rows * 1e6, 3), None) for name, (_, took) in counted.items()]
    return Table(
        "vault_calls", f"{rows:,} rows and the Vault", "row", table_rows[0].name, table_rows, {"calls": calls}
    )


def _counted(server: Any, key: str, step: Callable[[], object]) -> tuple[int, float]:
    def asked() -> int:
        return sum(int(server.count(f"{server.mount}/{what}/{key}")) for what in ("encrypt", "decrypt"))

    before, start = asked(), time.perf_counter()
    step()
    took = time.perf_counter() - start
    return asked() - before, took


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=10_000)
    measure(arguments.parse_args().rows).show()


if __name__ == "__main__":
    main()
