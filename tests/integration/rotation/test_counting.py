"""Rows counted by the data keys that they need: by the database, without a key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from plugins.customers import CUSTOMERS, PEOPLE, customer
from plugins.keys_bench import SETTLED, KeysBench
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine

from fieldvault import BinaryForm, RecordCipher, TextForm
from fieldvault.errors import TableNotAsDeclared
from fieldvault.rotation.keys import CountedTable

COLUMNS = ("id", "email", "iban", "country")


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    given = f"{request.param}_database"
    url = f"sqlite:///{tmp_path}/app.db" if request.param == "sqlite" else request.getfixturevalue(given)
    engine = create_engine(url)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("form", [BinaryForm(), TextForm()])
def test_rows_are_counted_by_the_keys_that_their_cells_name(engine: Engine, form: BinaryForm | TextForm) -> None:
    bench = KeysBench(tenants=1)
    kind = "BYTEA" if engine.dialect.name == "postgresql" else "BLOB"
    kind = "TEXT" if isinstance(form, TextForm) else kind
    rows = RecordCipher(CUSTOMERS, bench.keyrings(), tenant="t0", form=form).seal_many(
        [customer(number) for number in range(40)]
    )
    bench.clock.advance(SETTLED)
    bench.operations().rotate("t0")
    later = RecordCipher(CUSTOMERS, bench.keyrings(), tenant="t0", form=form)
    for row in rows[:7]:
        row["country"] = later.seal_column("country", ["UK"])[0]  # two keys in a row
    rows[8] = dict.fromkeys(rows[8])
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE t (id INTEGER, email {kind}, iban {kind}, country {kind})"))
        insert = text("INSERT INTO t VALUES (:id, :email, :iban, :country)")
        connection.execute(insert, [{name: row[name] for name in COLUMNS} for row in rows])
    old, new = (one.key_id for one in bench.data_keys())
    counted = CountedTable(engine, CUSTOMERS, "t", form=form).rows_under([old, new, bytes(16)])
    assert counted == {old: 39, new: 7}
    with pytest.raises(TableNotAsDeclared):
        CountedTable(engine, PEOPLE, "elsewhere", form=form).rows_under([old])
