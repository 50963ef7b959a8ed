"""A re-encryption among writers, on a database that restarts or is full, under a Vault that is sealed."""

from __future__ import annotations

import os
import random
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from plugins.openbao_server import OpenBao
from plugins.postgresql import PostgresqlServer
from plugins.reencryption_kit import FIELDS, Customers, customer, customers
from sqlalchemy import event, update
from sqlalchemy.exc import OperationalError

from fieldvault import PlainField, Schema, SealedField
from fieldvault.codec import PadTo
from fieldvault.errors import KekUnavailable, TableUnavailable
from fieldvault.kek.vault_transit import RetryPolicy, TokenAuth, VaultTransitKek
from fieldvault.ports import KekProvider
from fieldvault.rotation.reencrypt import ReencryptionProgress
from fieldvault.testing import FakeKek

ROWS, WRITERS = 240, 4


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'app.db'}"
    return request.getfixturevalue("postgresql_database")  # type: ignore[no-any-return]


class Writer(threading.Thread):
    """Changes rows of its own, under a key that it holds for the primary for a while; notes what it committed."""

    def __init__(self, number: int, url: str, kek: KekProvider, stop: threading.Event) -> None:
        super().__init__()
        self.number, self.stop, self.written = number, stop, 0
        self.shop = Customers(url, kek, cache_seconds=0.2)
        self.last: dict[int, dict[str, Any]] = {}
        self.random = random.Random(number)

    def run(self) -> None:
        cipher, table = self.shop.cipher(), self.shop.rows
        while not self.stop.is_set():
            mine = self.random.randrange(self.number + 1, ROWS + 1, WRITERS)
            record = customer(
                mine, name=f"version {self.written}", email=f"w{self.number}.{self.written}@example.org"
            )
            sealed = cipher.seal(record)
            try:
                with self.shop.engine.begin() as connection:
                    changed = update(table).where(table.c.id == mine)
                    connection.execute(changed.values({name: sealed[name] for name in FIELDS}))
            except OperationalError:
                continue  # the database was busy: nothing was written
            self.last[mine] = record
            self.written += 1
            self.stop.wait(0.002)


def test_no_update_of_four_writers_is_lost(url: str) -> None:
    kek, stop = FakeKek(), threading.Event()
    with customers(url, kek) as shop:
        shop.create()
        shop.fill(ROWS)
        writers = [Writer(number, url, kek, stop) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        overtaken = 0
        try:
            for _ in range(3):
                shop.rotate()
                overtaken += shop.job(batch=30, workers=2).run().tables[0].overtaken
        finally:
            stop.set()
            for writer in writers:
                writer.join()
                writer.shop.close()
        shop.rotate()
        assert shop.job(batch=50).run().tables[0].left == 0
        expected = {n: customer(n) for n in range(1, ROWS + 1)}
        for writer in writers:
            expected |= writer.last
        assert shop.opened() == expected
        assert sum(writer.written for writer in writers) > 50
        print(f"\n{sum(writer.written for writer in writers)} updates, {overtaken} of them overtook a batch")


def test_postgresql_restarts_in_mid_run(postgresql_database: str, postgresql_server: PostgresqlServer) -> None:
    with customers(postgresql_database, FakeKek()) as shop:
        shop.create()
        shop.fill(100)
        shop.rotate()
        restarted: list[int] = []

        def restart(progress: ReencryptionProgress) -> None:
            if progress.rows == 30 and not restarted:
                restarted.append(progress.rows)
                postgresql_server.stop()
                postgresql_server.start()

        with suppress(TableUnavailable):  # or what the restart broke off was tried again
            shop.job(batch=10, on_progress=restart).run()
        assert restarted
        result = shop.job(batch=10).run().tables[0]
        assert result.left == 0
        assert shop.opened() == {n: customer(n) for n in range(1, 101)}


def test_postgresql_is_gone_in_mid_run(postgresql_database: str, postgresql_server: PostgresqlServer) -> None:
    with customers(postgresql_database, FakeKek()) as shop:
        shop.create()
        shop.fill(100)
        shop.rotate()

        def stop(progress: ReencryptionProgress) -> None:
            if progress.rows == 50:
                postgresql_server.stop()

        try:
            with pytest.raises(TableUnavailable):
                shop.job(batch=10, on_progress=stop).run()
        finally:
            postgresql_server.start()
        assert shop.job(batch=10).run().tables[0].left == 0
        assert shop.opened() == {n: customer(n) for n in range(1, 101)}


def test_a_full_disk_in_mid_run(tmp_path: Path) -> None:
    """The schema pads since, so that sealing anew takes more room than there is."""
    kek, url = FakeKek(), f"sqlite:///{tmp_path / 'app.db'}"
    padded = Schema(
        "customers",
        [PlainField("id", int), *(SealedField(name, padding=PadTo(300)) for name in FIELDS)],
        row_id="id",
    )
    with customers(url, kek) as shop:
        shop.create()
        shop.fill(200)
        shop.rotate()
    with customers(url, kek, schema=padded) as shop:
        limit = [shop_pages(shop) + 20]

        @event.listens_for(shop.engine, "connect")
        def quota(connection: Any, _record: Any) -> None:
            connection.execute(f"PRAGMA max_page_count = {limit[0]}").close()

        shop.engine.dispose()  # connections from before have no quota
        written: list[int] = []
        with pytest.raises(TableUnavailable):
            shop.job(batch=10, on_progress=lambda one: written.append(one.rows)).run()
        assert 0 < max(written) < 200
        assert shop.opened() == {n: customer(n) for n in range(1, 201)}
        limit[0] = 2**30
        shop.engine.dispose()
        assert shop.job(batch=10).run().tables[0].left == 0
        assert shop.opened() == {n: customer(n) for n in range(1, 201)}


def shop_pages(shop: Customers) -> int:
    with shop.engine.connect() as connection:
        return int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())


def test_vault_is_sealed_in_mid_run(openbao: OpenBao, tmp_path: Path) -> None:
    kek = VaultTransitKek(
        address=openbao.address,
        key=openbao.create_key(),
        mount=openbao.mount,
        auth=TokenAuth(lambda: openbao.root),
        retry=RetryPolicy(base=0.05, cap=0.1, budget=0.2),
    )
    with customers(f"sqlite:///{tmp_path / 'app.db'}", kek, cache_seconds=0.001) as shop:
        shop.create()
        shop.fill(60)
        shop.rotate()
        sealed: list[int] = []

        def seal(progress: ReencryptionProgress) -> None:
            if progress.rows == 20:
                openbao.seal()
                sealed.append(progress.rows)

        try:
            with pytest.raises(KekUnavailable):
                shop.job(batch=10, on_progress=seal).run()
        finally:
            openbao.unseal()
        assert sealed == [20]
        result = shop.job(batch=10).run().tables[0]
        assert (result.written, result.left) == (60, 0)
        assert shop.opened() == {n: customer(n) for n in range(1, 61)}


def test_memory_stays_flat(tmp_path: Path) -> None:
    """The most that a run of many pages holds is what a run of a few holds."""
    small, large = (peak_of_a_run(tmp_path / f"{rows}.db", rows) for rows in (2_000, 12_000))
    assert large - small < 2**20


def peak_of_a_run(file: Path, rows: int) -> int:
    kek, url = FakeKek(), f"sqlite:///{file}"
    with customers(url, kek) as shop:
        shop.create()
        for first in range(1, rows, 2_000):
            shop.fill(2_000, first=first)
        shop.rotate()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            import tracemalloc

            tracemalloc.start()
            code = 0 if Customers(url, kek).job(batch=500).run().tables[0].left == 0 else 2
            os.write(writing, str(tracemalloc.get_traced_memory()[1]).encode())
        finally:
            os._exit(code)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    assert status == 0
    with os.fdopen(reading) as found:
        return int(found.read())
