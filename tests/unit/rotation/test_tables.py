"""Tables of other shapes: text columns, composite keys, UUIDs, persons who were erased, duplicates from before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Column, LargeBinary, MetaData, Table, Text, create_engine, select, update
from sqlalchemy.engine import Engine

from fieldvault import ExactIndex, Keyrings, PlainField, RecordCipher, Schema, SealedField, Tenancy, TextForm
from fieldvault.core.envelope import INDEX_PREFIX, to_text
from fieldvault.errors import IndexStepRefused, SchemaError, TableNotAsDeclared
from fieldvault.keyring import KeyringPolicy
from fieldvault.normalise import NAME, TEXT
from fieldvault.ports import IndexPhase
from fieldvault.rotation import Backfill, BackfillResult, IndexedTable, IndexRotation
from fieldvault.rotation.table import _beginnings, _version_of
from fieldvault.testing import FakeClock, memory_keyrings
from fieldvault.tokens import CompoundIndex, PrefixIndex, WordIndex

CLOCK = FakeClock()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/app.db")
    yield engine
    engine.dispose()


@pytest.fixture
def keyrings() -> Keyrings:
    return memory_keyrings(policy=KeyringPolicy(cache_seconds=10), clock=CLOCK)


def table_for(engine: Engine, schema: Schema, kind: Any, *plain: str) -> Table:
    columns = [*plain, *schema.sealed, *schema.index_columns]
    table = Table(schema.name, MetaData(), *(Column(name, Text if name in plain else kind) for name in columns))
    table.metadata.create_all(engine)
    return table


def insert(engine: Engine, table: Table, cipher: RecordCipher, records: list[dict[str, Any]]) -> None:
    with engine.begin() as connection:
        sealed = cipher.seal_many(records)
        connection.execute(
            table.insert(), [{k: str(v) if isinstance(v, UUID) else v for k, v in one.items()} for one in sealed]
        )


def advance(rotation: IndexRotation) -> IndexPhase:
    CLOCK.advance(100)
    return (rotation.start() if rotation.state.phase is IndexPhase.STABLE else rotation.advance()).phase


def rotate(keyrings: Keyrings, rotation: IndexRotation) -> list[BackfillResult]:
    done = []
    while advance(rotation) is not IndexPhase.STABLE:
        if rotation.state.phase is not IndexPhase.DUAL_WRITE:
            done.append(Backfill(keyrings, rotation, batch=2).run())
    return done


def test_text_columns_composite_keys_and_uuids(engine: Engine, keyrings: Keyrings) -> None:
    schema = Schema(
        "notes",
        [
            PlainField("day"),
            PlainField("number", UUID),
            SealedField("a", index=[ExactIndex(NAME, unique=True), WordIndex(NAME)]),
            SealedField("b", index=PrefixIndex(TEXT, (2,))),
        ],
        row_id=("day", "number"),
        indexes=[CompoundIndex("both", {"a": NAME, "b": TEXT})],
    )
    table = table_for(engine, schema, Text, "day", "number")
    cipher = RecordCipher(schema, keyrings, tenant="acme", form=TextForm())
    rows = [{"day": f"d{n % 2}", "number": UUID(int=n), "a": f"Ann {n}", "b": "x" * n} for n in range(5)]
    insert(engine, table, cipher, rows)
    indexed = IndexedTable(engine, schema, "notes", form=TextForm())
    rotation = IndexRotation(keyrings, tenant="acme", tables=[indexed])
    assert [one.written for one in rotate(keyrings, rotation)] == [5, 5, 5]
    assert rotation.rows_by_version() == {
        "notes": {
            "a_index": {2: 5}, "a_index_next": {}, "a_words": {2: 5}, "b_prefix_2": {2: 3}, "both_index": {2: 5}
        }
    }  # fmt: skip
    with engine.connect() as connection:
        stored = [dict(row) for row in connection.execute(select(table)).mappings()]
    search = cipher.search("a", "ANN 3", index="words")
    assert [row["number"] for row in stored if search.found_in(row["a_words"])] == [str(UUID(int=3))]
    [value] = cipher.index_values("both", {"a": "ann 4", "b": "xxxx"})
    assert [row["number"] for row in stored if row["both_index"] == value] == [str(UUID(int=4))]


@pytest.mark.parametrize("version", range(1, 256))
def test_the_version_of_a_text_form_is_read_from_two_characters(version: int) -> None:
    for rest in (b"\x00", b"\x7f", b"\xff"):
        beginning = to_text(INDEX_PREFIX, bytes([version]) + rest)[4:6]
        assert beginning in _beginnings(version)
        assert _version_of(beginning) == version


def test_rows_of_erased_persons_lose_their_index_values(engine: Engine, keyrings: Keyrings) -> None:
    schema = Schema(
        "people",
        [PlainField("id"), PlainField("person"), SealedField("name", index=ExactIndex(NAME, unique=True))],
        row_id="id",
        subject="person",
    )
    table = table_for(engine, schema, LargeBinary, "id", "person")
    cipher = RecordCipher(schema, keyrings, tenant="acme")
    insert(engine, table, cipher, [{"id": str(n), "person": f"p{n}", "name": f"Ann {n}"} for n in range(4)])
    rotation = IndexRotation(keyrings, tenant="acme", tables=[IndexedTable(engine, schema, "people")])
    advance(rotation), advance(rotation)
    cipher.shred_subjects(["p2"])
    result = Backfill(keyrings, rotation).run()
    assert (result.written, result.cleared, result.left, result.refused) == (3, 1, 0, {})
    with engine.connect() as connection:
        row = connection.execute(select(table.c.name_index, table.c.name_index_next).where(table.c.id == "2")).one()
    assert tuple(row) == (None, None)


def test_duplicates_from_before_are_said_and_left(engine: Engine, keyrings: Keyrings) -> None:
    schema = Schema(
        "people", [PlainField("id"), SealedField("name", index=ExactIndex(NAME, unique=True))], row_id="id"
    )
    table = table_for(engine, schema, LargeBinary, "id")
    cipher = RecordCipher(schema, keyrings, tenant="acme")
    insert(engine, table, cipher, [{"id": str(n), "name": f"Ann {n % 3}"} for n in range(5)])
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE UNIQUE INDEX one ON people (name_index_next)")
    rotation = IndexRotation(keyrings, tenant="acme", tables=[IndexedTable(engine, schema, "people")])
    advance(rotation), advance(rotation)
    result = Backfill(keyrings, rotation).run()
    assert (result.written, result.left, result.duplicates) == (3, 2, {"people": [("3",), ("4",)]})


def test_a_global_schema_has_a_rotation_of_its_own(engine: Engine, keyrings: Keyrings) -> None:
    schema = Schema(
        "logins",
        [PlainField("id"), SealedField("name", index=ExactIndex(NAME))],
        row_id="id",
        tenancy=Tenancy.GLOBAL,
    )
    table = table_for(engine, schema, LargeBinary, "id")
    insert(engine, table, RecordCipher(schema, keyrings), [{"id": "1", "name": "Ann"}])
    rotation = IndexRotation(keyrings, tenant=None, tables=[IndexedTable(engine, schema, "logins")])
    rotate(keyrings, rotation)
    assert rotation.rows_by_version() == {"logins": {"name_index": {2: 1}}}


def test_a_table_that_is_not_there_is_an_error_of_ours(engine: Engine, keyrings: Keyrings) -> None:
    schema = Schema("people", [PlainField("id"), SealedField("name", index=ExactIndex(NAME))], row_id="id")
    RecordCipher(schema, keyrings, tenant="acme").seal({"id": "1", "name": "Ann"})
    rotation = IndexRotation(keyrings, tenant="acme", tables=[IndexedTable(engine, schema, "nowhere")])
    advance(rotation)
    with pytest.raises(TableNotAsDeclared) as refused:
        rotation.rows_by_version()
    assert refused.value.__context__ is None
    with pytest.raises(IndexStepRefused):
        Backfill(keyrings, rotation).run()


@pytest.mark.parametrize(
    "schema",
    [
        Schema("s", [SealedField("v", row_bound=False, index=ExactIndex(NAME))]),
        Schema("s", [PlainField("id"), SealedField("v")], row_id="id"),
    ],
)
def test_what_cannot_be_a_table(engine: Engine, schema: Schema) -> None:
    with pytest.raises(SchemaError):
        IndexedTable(engine, schema, "s")


def test_what_a_failure_shows(engine: Engine, keyrings: Keyrings) -> None:
    schema = Schema("people", [PlainField("id"), SealedField("name", index=ExactIndex(NAME))], row_id="id")
    table = table_for(engine, schema, LargeBinary, "id")
    insert(engine, table, RecordCipher(schema, keyrings, tenant="acme"), [{"id": "1", "name": "Canary Ann"}])
    with engine.begin() as connection:
        connection.execute(update(table).values(name=b"\x01" + bytes(70)))
    rotation = IndexRotation(keyrings, tenant="acme", tables=[IndexedTable(engine, schema, "people")])
    advance(rotation), advance(rotation), advance(rotation)
    result = Backfill(keyrings, rotation).run()
    assert result.refused == {"people": [("1",)]}
    assert "anary" not in repr((result, rotation, rotation.tables))
