"""Re-encryption: every cell ends under the primary, and nothing else changes; on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from plugins.reencryption_kit import FIELDS, SCOPE, Customers, customer, customers
from sqlalchemy import inspect, text

from fieldvault import PlainField, RecordCipher, Schema, SealedField
from fieldvault.audit import MemoryAudit
from fieldvault.errors import ConfigurationError, SchemaError, ScopeError, TableNotAsDeclared
from fieldvault.rotation.metrics import ROWS_REENCRYPTED, ROWS_REFUSED, CountingMetrics
from fieldvault.rotation.reencrypt import (
    PauseWhile,
    Reencryption,
    ReencryptionOptions,
    ReencryptionProgress,
    RowsPerSecond,
    SealedTable,
    Stop,
)
from fieldvault.rotation.reencrypt.page import Opened, Page
from fieldvault.rotation.reencrypt.work import ToPrimary
from fieldvault.testing import FakeKek


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'app.db'}"
    return request.getfixturevalue("postgresql_database")  # type: ignore[no-any-return]


@pytest.fixture
def shop(url: str) -> Iterator[Customers]:
    with customers(url, FakeKek()) as made:
        made.create()
        yield made


def key_ids(shop: Customers) -> set[bytes]:
    return {cell[1:17] for row in shop.cells().values() for cell in row if cell is not None}


def test_every_cell_goes_to_the_primary(shop: Customers) -> None:
    shop.fill(23)
    old = shop.rotate()
    before = shop.cells()
    shop.put(5, email=shop.cipher().seal(customer(5))["email"])  # by a writer that knows the new key
    kept = shop.cells()[5][1]
    assert shop.job().rows_left().tables[0].left == 23
    result = shop.job(batch=5).run().tables[0]
    assert (result.written, result.overtaken, result.refused.total(), result.left) == (23, 0, 0, 0)
    assert key_ids(shop) == {old}
    assert shop.opened() == {n: customer(n) for n in range(1, 24)}
    after = shop.cells()
    assert after[5][1] == kept  # not sealed twice
    assert all(before[n][0] != after[n][0] for n in before)
    again = shop.job().run().tables[0]
    assert (again.written, again.left) == (0, 0)
    assert shop.cells() == after


def test_nulls_stay_and_empty_tables_are_done(shop: Customers) -> None:
    assert shop.job().run().tables[0].written == 0
    shop.add([customer(1, email=None), customer(2, name=None, email=None, iban=None), customer(3)])
    shop.rotate()
    result = shop.job().run().tables[0]
    assert (result.written, result.left) == (2, 0)
    assert shop.opened()[1] == customer(1, email=None)


def test_a_row_that_cannot_be_opened_is_counted_and_left(shop: Customers) -> None:
    shop.fill(10)
    rubbish = b"\x01" + bytes(60)
    moved = shop.cells()[8]
    shop.put(4, email=rubbish)
    shop.put(7, name=b"short")
    shop.put(9, **dict(zip(FIELDS, moved, strict=True)))
    shop.rotate()
    before = shop.cells()
    metrics = CountingMetrics()
    result = shop.job(batch=3, metrics=metrics).run()
    [table] = result.tables
    assert table.refused == {"KeyNotFound": 1, "EnvelopeMalformed": 1, "AuthenticationFailed": 1}
    assert table.refused_keys == [(4,), (7,), (9,)]
    assert (table.written, table.left, result.refused) == (7, 3, 3)
    assert all(shop.cells()[n] == before[n] for n in (4, 7, 9))
    assert (metrics.counts[ROWS_REENCRYPTED], metrics.counts[ROWS_REFUSED]) == (7, 3)
    [verified] = shop.job().verify().tables
    assert (verified.refused, verified.fine, verified.left) == (table.refused, 7, None)


def test_verify_and_dry_run_write_nothing(shop: Customers) -> None:
    shop.fill(6)
    shop.rotate()
    before = shop.cells()
    assert shop.job(batch=4).verify().tables[0].fine == 6
    assert shop.job().rows_left().tables[0].left == 6
    assert shop.cells() == before
    assert not inspect(shop.engine).has_table("fieldvault_reencrypt_jobs")
    shop.put(2, email=b"\x01" + bytes(60))
    assert shop.job().verify().refused == 1


def test_a_dry_run_makes_no_key(shop: Customers) -> None:
    assert shop.job().rows_left().tables[0].left == 0
    assert shop.store.data_keys(SCOPE) == []


def test_only_the_tenants_rows(shop: Customers) -> None:
    shop.fill(4)
    shop.fill(3, tenant="other", first=100)
    shop.rotate()
    shop.rotate("other")
    result = shop.job().run()
    assert [(one.tenant, one.written) for one in result.tables] == [("acme", 4)]
    both = shop.job(tenants=["acme", "other"]).run()
    assert [(one.tenant, one.written) for one in both.tables] == [("acme", 0), ("other", 3)]
    assert len(shop.opened("other")) == 3


def test_workers_share_the_table(shop: Customers) -> None:
    shop.fill(57)
    shop.rotate()
    result = shop.job(batch=5, workers=3).run().tables[0]
    assert (result.written, result.left) == (57, 0)
    assert len(shop.opened()) == 57
    assert shop.job(workers=3, batch=7).verify().tables[0].fine == 57


def test_it_says_how_far_it_is(shop: Customers) -> None:
    shop.fill(10)
    [old] = key_ids(shop)
    shop.rotate()
    said: list[ReencryptionProgress] = []
    shop.job(batch=4, on_progress=said.append).run()
    assert [(one.rows, one.total) for one in said] == [(4, 10), (8, 10), (10, 10)]
    assert [one.rows_left.get(old.hex(), 0) for one in said] == [6, 2, 0]
    assert said[0].rows_per_second is not None
    assert said[0].seconds_left is not None
    assert said[-1].seconds_left is None


def test_a_stop_ends_after_the_batch_and_the_next_run_goes_on(shop: Customers) -> None:
    shop.fill(10)
    shop.rotate()
    stop = Stop()
    result = shop.job(batch=4, stop=stop, on_progress=lambda _: stop.ask()).run()
    assert result.stopped
    assert (result.tables[0].written, result.tables[0].left) == (4, 6)
    said: list[ReencryptionProgress] = []
    rest = shop.job(batch=4, on_progress=said.append).run()
    assert not rest.stopped
    assert (rest.tables[0].written, rest.tables[0].left) == (10, 0)  # over both runs
    assert [one.rows for one in said] == [4, 6]
    assert len(shop.opened()) == 10


def test_a_resumed_run_keeps_the_parts_of_the_first(shop: Customers) -> None:
    shop.fill(30)
    shop.rotate()
    stop = Stop()
    shop.job(batch=2, workers=3, stop=stop, on_progress=lambda _: stop.ask()).run()
    assert shop.job(batch=2).run().tables[0].left == 0
    assert len(shop.opened()) == 30


def test_a_key_made_meanwhile_is_gone_to(shop: Customers) -> None:
    shop.fill(9)
    shop.rotate()
    newest: list[bytes] = []

    def rotate_once(_: ReencryptionProgress) -> None:
        if not newest:
            newest.append(shop.rotate())

    result = shop.job(batch=3, on_progress=rotate_once).run().tables[0]
    assert result.left == 0
    assert key_ids(shop) == set(newest)


def test_a_stopped_run_to_a_former_key_begins_anew(shop: Customers) -> None:
    shop.fill(9)
    shop.rotate()
    stop = Stop()
    shop.job(batch=3, stop=stop, on_progress=lambda _: stop.ask()).run()
    newest = shop.rotate()
    assert shop.job(batch=3).run().tables[0].left == 0
    assert key_ids(shop) == {newest}


def test_a_row_that_changes_meanwhile_is_somebody_elses(shop: Customers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that still holds the former key for the primary, between the reading of a page and its writing."""
    shop.fill(8)
    open_ = ToPrimary.open
    with customers(shop.url, shop.kek) as writer:
        cipher = writer.cipher()
        cipher.seal(customer(1))  # its primary is cached from now on
        shop.rotate()
        changed = cipher.seal(customer(3, name="Changed"))

        def open_late(work: ToPrimary, page: Page) -> Opened:
            if (3,) in page.keys and shop.cells()[3][0] != changed["name"]:
                writer.put(3, **{name: changed[name] for name in FIELDS})
            return open_(work, page)

        monkeypatch.setattr(ToPrimary, "open", open_late)
        result = shop.job().run().tables[0]
    assert (result.written, result.overtaken, result.left, result.rounds) == (8, 1, 0, 2)
    assert shop.opened()[3]["name"] == "Changed"


def test_the_text_form(url: str) -> None:
    with customers(url, FakeKek(), text=True) as shop:
        shop.create()
        shop.add([customer(1), customer(2, email=None), customer(3)])
        shop.rotate()
        result = shop.job().run().tables[0]
        assert (result.written, result.left) == (3, 0)
        assert all(cell is None or cell.startswith("fv1.") for row in shop.cells().values() for cell in row)
        assert shop.opened()[3] == customer(3)
        assert shop.job().run().tables[0].written == 0


def test_rows_by_key(shop: Customers) -> None:
    shop.fill(5)
    [old] = key_ids(shop)
    new = shop.rotate()
    shop.put(2, email=shop.cipher().seal(customer(2))["email"])
    shop.put(3, email=b"\x01" + bytes(60))
    with shop.engine.connect() as connection:
        assert shop.table().rows_by_key(connection, "acme", [old, new]) == {old: 5, new: 1, None: 1}
        assert shop.table().rows_by_key(connection, "nobody", [old, new]) == {}


def test_a_key_of_two_columns_and_a_name_with_capitals(shop: Customers) -> None:
    schema = Schema(
        "orders", [PlainField("shop"), PlainField("No", int), SealedField("note")], row_id=("shop", "No")
    )
    with shop.engine.begin() as connection:
        blob = "BYTEA" if shop.url.startswith("postgresql") else "BLOB"
        connection.execute(
            text(f'CREATE TABLE "My Orders" (shop TEXT, "No" INTEGER, note {blob}, PRIMARY KEY (shop, "No"))')
        )
        cipher = RecordCipher(schema, shop.keyrings, tenant="acme")
        rows = [{"shop": f"s{n % 3}", "No": n, "note": f"n{n}"} for n in range(20)]
        insert = text('INSERT INTO "My Orders" (shop, "No", note) VALUES (:shop, :No, :note)')
        connection.execute(insert, cipher.seal_many(rows))
    shop.rotate()
    table = SealedTable(shop.engine, schema, "My Orders")
    for workers in (1, 2):
        shop.rotate()
        result = Reencryption(
            shop.keyrings, [table], tenants=["acme"], options=ReencryptionOptions(batch=3, workers=workers)
        ).run()
        assert (result.tables[0].written, result.tables[0].left) == (20, 0)


def test_a_table_of_persons_is_left_to_their_keys(shop: Customers) -> None:
    schema = Schema("customers", [PlainField("id", int), *map(SealedField, FIELDS)], row_id="id", subject="id")
    table = SealedTable(shop.engine, schema, "customers", tenant_column="tenant")
    shop.schema = schema
    shop.fill(3)
    shop.rotate()
    before = shop.cells()
    job = Reencryption(shop.keyrings, [table], tenants=["acme"])
    assert job.run().tables[0].written == 0
    assert shop.cells() == before
    assert job.verify().tables[0].fine == 3


def test_events_say_what_was_done(shop: Customers) -> None:
    shop.fill(3)
    shop.rotate()
    audit = MemoryAudit()
    job = Reencryption(shop.keyrings, [shop.table()], tenants=["acme"], audit=audit)
    job.run()
    job.verify()
    job.rows_left()
    assert [one.action for one in audit.events] == [
        "reencrypt-begun",
        "reencrypt-ended",
        "verify-begun",
        "verify-ended",
    ]
    assert dict(audit.events[1].details) == {
        "table": "customers",
        "schema": "customers",
        "written": 3,
        "refused": 0,
        "left": 0,
    }


def test_what_is_refused_at_once(shop: Customers) -> None:
    with pytest.raises(ScopeError, match="per tenant"):
        Reencryption(shop.keyrings, [shop.table()])
    with pytest.raises(SchemaError, match="whose a row is"):
        Reencryption(shop.keyrings, [shop.table(tenant_column=None)], tenants=["acme", "other"])
    with pytest.raises(ConfigurationError):
        ReencryptionOptions(batch=0)
    with pytest.raises(ConfigurationError):
        RowsPerSecond(0)
    with pytest.raises(TableNotAsDeclared):
        Reencryption(
            shop.keyrings, [SealedTable(shop.engine, shop.schema, "no_such_table")], tenants=["acme"]
        ).rows_left()


def test_paces_are_asked_after_each_batch(shop: Customers) -> None:
    shop.fill(6)
    shop.rotate()
    answers = iter([True, True, False, False, False])
    asked: list[bool] = []

    def busy() -> bool:
        asked.append(next(answers))
        return asked[-1]

    result = shop.job(batch=2, paces=[PauseWhile(busy, every=0.001), RowsPerSecond(1e9)]).run()
    assert result.tables[0].left == 0
    assert asked == [True, True, False, False, False]
