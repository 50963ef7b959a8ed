"""Every column that look-ups ask is measured, whatever its kind of index."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text, create_engine

from fieldvault import ExactIndex, PlainField, RecordCipher, Schema, SealedField
from fieldvault.codec import codec_for
from fieldvault.normalise import NAME, Exact
from fieldvault.planning import findings
from fieldvault.planning.table import measure_table
from fieldvault.testing import memory_keyrings
from fieldvault.tokens import CompoundIndex, PrefixIndex, WordIndex

SCHEMA = Schema(
    "people",
    [
        PlainField("id", int),
        SealedField(
            "name", index=[ExactIndex(NAME, unique=True), PrefixIndex(NAME, (1, 9), bits=16), WordIndex(NAME)]
        ),
        SealedField("born", date),
    ],
    row_id="id",
    indexes=[CompoundIndex("person", {"name": NAME, "born": Exact(codec_for(date))})],
)


def test_edges_sets_and_compounds_are_measured_too(tmp_path: Path) -> None:
    cipher = RecordCipher(SCHEMA, memory_keyrings(), tenant="acme")
    born = [date(1980, 1, 1 + number % 2) for number in range(40)]
    rows = [{"id": number, "name": f"Nr {number}", "born": born[number]} for number in range(40)]
    people = Table(
        "people",
        MetaData(),
        Column("id", Integer, primary_key=True),
        *(
            Column(name, Text if name in SCHEMA.token_set_columns else LargeBinary)
            for name in ("name", "born", *SCHEMA.index_columns)
        ),
    )
    engine = create_engine(f"sqlite:///{tmp_path}/people.db")
    people.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(people.insert(), cipher.seal_many(rows))
    measures = {one.column: one for one in measure_table(engine, SCHEMA, "people")}
    engine.dispose()
    assert measures.keys() == SCHEMA.lookup_columns
    assert [(name, one.field, one.spread.distinct, one.nulls) for name, one in measures.items()] == [
        ("name_index", "name", 40, 0),
        ("name_prefix_1", "name", 1, 0),
        ("name_prefix_9", "name", 0, 40),
        ("name_words", "name", 40, 0),
        ("person_index", "person", 40, 0),
    ]
    codes = {name: [finding.code for finding in findings(one)] for name, one in measures.items()}
    assert codes["name_words"][0] == "few-values"
    assert "sets-of-parts" in codes["name_words"]
    assert "exact-equality" not in codes["name_words"]
    assert "exact-equality" in codes["person_index"]
