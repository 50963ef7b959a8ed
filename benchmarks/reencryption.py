"""Re-encrypting 200,000 rows of three sealed fields in PostgreSQL, against an UPDATE that writes constant bytes.

The base reads the keys of a page (keyset pagination) and writes three constants, as wide as the envelopes, in one
UPDATE and one transaction. The batch size is the same, and the two take turns in one run, each on a table of its
own that was vacuumed just before. The server has PostgreSQL's own defaults: it waits for the disk at each COMMIT.
Times are by the clock on the wall, because the work waits for the server. Ends with 1 where re-encryption has less
than 0.6 times the rows a second of the base, or where the memory of a run grows with the table.

    python benchmarks/reencryption.py [--rows N] [--rounds N] [--batch N] [--workers N] [--memory]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from memory import peak_bytes
from peers.base import PeerMissing
from report import Table, table
from rounds import WALL, Timing
from sqlalchemy import create_engine

from fieldvault import Keyrings, PlainField, RecordCipher, Schema, SealedField
from fieldvault.rotation import Reencryption, ReencryptionOptions, SealedTable
from fieldvault.testing import memory_keyrings

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from plugins.postgresql import PostgresqlServer, find_binaries, free_port, unprivileged_user

FIELDS = ("name", "email", "iban")
CUSTOMERS = Schema("customers", [PlainField("id", int), *map(SealedField, FIELDS)], row_id="id")
WANTED, GROWTH_MB = 0.6, 30
OURS, BASE = "fieldvault reencrypt", "UPDATE with constants"


class Workload:
    """Two tables of the same rows; `ours` is re-encrypted, the other is overwritten."""

    def __init__(self, server: PostgresqlServer, rows: int, batch: int, workers: int) -> None:
        self.rows, self.batch, self.workers = rows, batch, workers
        self.engine = create_engine(server.url("postgres"))
        self.keyrings: Keyrings = memory_keyrings()
        self.cipher = RecordCipher(CUSTOMERS, self.keyrings, tenant="acme")
        self.connection = psycopg.connect(server.url("postgres").replace("+psycopg", ""))
        self._fill()

    def _fill(self) -> None:
        for name in ("ours", "constants"):
            self.connection.execute(
                f"CREATE TABLE {name} (id bigint PRIMARY KEY, name bytea, email bytea, iban bytea)"
            )
        widths = [0, 0, 0]
        with self.connection.cursor().copy("COPY ours FROM STDIN") as copy:
            for first in range(0, self.rows, 10_000):
                numbers = range(first, min(first + 10_000, self.rows))
                people = [
                    {"id": n, "name": f"Person {n:07}", "email": f"p{n:07}@example.org", "iban": f"DE{n:020}"}
                    for n in numbers
                ]
                for row in self.cipher.seal_many(people):
                    cells = [row[name] for name in FIELDS]
                    widths = [len(cell) for cell in cells]
                    copy.write_row((row["id"], *cells))
        self.constants = [b"\x01" * width for width in widths]
        self.connection.execute("INSERT INTO constants SELECT * FROM ours ORDER BY id")
        self.connection.commit()

    def settle(self) -> None:
        """Both tables without dead rows, everything on the disk, and a new primary to go to."""
        self.connection.autocommit = True
        self.connection.execute("VACUUM ANALYZE ours")
        self.connection.execute("VACUUM ANALYZE constants")
        self.connection.execute("CHECKPOINT")
        self.connection.autocommit = False
        self.cipher.keyring.rotate()

    def reencrypt(self) -> None:
        options = ReencryptionOptions(batch=self.batch, workers=self.workers)
        table = SealedTable(self.engine, CUSTOMERS, "ours")
        [result] = Reencryption(self.keyrings, [table], tenants=["acme"], options=options).run().tables
        assert (result.written, result.left) == (self.rows, 0)

    def overwrite(self) -> None:
        after = -1
        while True:
            page = "SELECT id FROM constants WHERE id > %s ORDER BY id LIMIT %s"
            keys = [row[0] for row in self.connection.execute(page, (after, self.batch))]
            if not keys:
                self.connection.commit()
                return
            update = "UPDATE constants SET name = %b, email = %b, iban = %b WHERE id = ANY(%b)"
            assert self.connection.execute(update, (*self.constants, keys)).rowcount == len(keys)
            self.connection.commit()
            after = keys[-1]

    def close(self) -> None:
        self.connection.close()
        self.engine.dispose()


@contextlib.contextmanager
def postgresql() -> Iterator[PostgresqlServer]:
    """A server with the defaults that `initdb` writes. Raises `PeerMissing`."""
    binaries = find_binaries()
    if binaries is None:
        raise PeerMissing("PostgreSQL's initdb and pg_ctl are not here")
    folder, user = Path(tempfile.mkdtemp(prefix="fv-pg-", dir="/tmp")), unprivileged_user()
    if user is not None:
        shutil.chown(folder, user)
    server = PostgresqlServer(folder, free_port(), binaries, user)
    try:
        server.run("initdb", "-D", str(folder / "data"), "-U", "fieldvault", "-A", "trust", "--locale=C.UTF-8")
        with (folder / "data" / "postgresql.conf").open("a") as file:
            file.write(f"unix_socket_directories = '{folder}'\n")
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder)


def measure(rows: int, rounds: int, batch: int, workers: int) -> Table:
    with postgresql() as server, contextlib.closing(Workload(server, rows, batch, workers)) as workload:
        seconds: dict[str, list[float]] = {BASE: [], OURS: []}
        for turn in range(rounds + 1):
            for name, run in ((BASE, workload.overwrite), (OURS, workload.reencrypt)):
                workload.settle()
                start = WALL()
                run()
                if turn:  # the first round does not count
                    seconds[name].append(WALL() - start)
    timings = {name: Timing(taken) for name, taken in seconds.items()}
    title = f"{rows:,} rows of three fields in PostgreSQL, {batch:,} rows a transaction, {workers} worker(s)"
    return table("reencryption", title, "row", timings, rows, BASE)


def peak_of(rows: int) -> int:
    """What a run over so many rows held at most, in a process of its own."""
    with postgresql() as server, contextlib.closing(Workload(server, rows, 1_000, 1)) as workload:
        url, keyrings = server.url("postgres"), workload.keyrings
        workload.cipher.keyring.rotate()
        workload.close()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            before = peak_bytes()
            table_ = SealedTable(create_engine(url), CUSTOMERS, "ours")
            Reencryption(keyrings, [table_], tenants=["acme"]).run()
            os.write(writing, str(peak_bytes() - before).encode())
            os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        with os.fdopen(reading) as found:
            return int(found.read())


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=200_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--batch", type=int, default=1_000)
    arguments.add_argument("--workers", type=int, default=1)
    arguments.add_argument("--memory", action="store_true", help="10,000 rows against --rows, and nothing else")
    given = arguments.parse_args()
    if given.memory:
        small, large = peak_of(10_000), peak_of(given.rows)
        print(
            f"10,000 rows: {small / 2**20:.1f} MiB more than before; {given.rows:,} rows: {large / 2**20:.1f} MiB"
        )
        return int(large - small > GROWTH_MB * 2**20)
    found = measure(given.rows, given.rounds, given.batch, given.workers)
    found.show()
    return int(found.speedup(OURS) < WANTED)


if __name__ == "__main__":
    sys.exit(main())
