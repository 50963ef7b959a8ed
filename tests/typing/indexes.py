"""Indexes and their rotation as users write them: mypy checks this file, nobody runs it."""

from __future__ import annotations

from typing import Any, assert_type

from sqlalchemy.engine import Engine

from fieldvault import ExactIndex, Keyrings, PlainField, RecordCipher, Schema, SealedField
from fieldvault.errors import IndexRowsLeft, IndexStepTooEarly
from fieldvault.normalise import EMAIL, NAME
from fieldvault.ports import IndexPhase
from fieldvault.rotation import Backfill, BackfillResult, IndexedTable, IndexRotation, Md5Phase, Md5Upgrade
from fieldvault.tokens import (
    CompoundIndex,
    LeakyNgramIndex,
    Md5Index,
    Md5Recipe,
    PrefixIndex,
    Search,
    SuffixIndex,
    WordIndex,
)


def declare() -> Schema:
    return Schema(
        "people",
        [
            PlainField("id", int),
            SealedField("email", index=[ExactIndex(EMAIL, unique=True, shared="e-mail"), SuffixIndex(EMAIL, (4,))]),
            SealedField("name", index=(PrefixIndex(NAME, (1, 3), bits=32), WordIndex(NAME), LeakyNgramIndex(NAME))),
            SealedField("login", index=Md5Index(Md5Recipe("trim", "lower"))),
        ],
        row_id="id",
        indexes=[CompoundIndex("person", {"name": NAME, "email": EMAIL})],
    )


def search(cipher: RecordCipher) -> list[dict[str, Any]]:
    found = cipher.search("name", "ann", index="prefix")
    assert_type(found, Search)
    assert_type(found.column, str)
    assert_type(found.values, list[Any])
    assert_type(found.found_in(b""), bool)
    assert_type(cipher.index_columns("email", ["ann@example.com"], index="index"), dict[str, Any])
    ExactIndex(EMAIL, few_values=True)
    return cipher.confirm("name", "ann", [{"name": "Ann"}], index="prefix")


def rotate(engine: Engine, keyrings: Keyrings, schema: Schema) -> BackfillResult:
    rotation = IndexRotation(keyrings, tenant="acme", tables=[IndexedTable(engine, schema, "people")])
    assert_type(rotation.start().phase, IndexPhase)
    try:
        rotation.advance()
    except IndexStepTooEarly as early:
        assert_type(early.seconds_left, float)
    except IndexRowsLeft as left:
        assert_type(left.rows, int)
    return Backfill(keyrings, rotation, batch=100, on_progress=lambda progress: print(progress.rows)).run()


def upgrade(engine: Engine, cipher: RecordCipher) -> int:
    upgrade = Md5Upgrade(cipher, engine, "users", field="login", legacy_column="login_md5", key=("id",))
    assert_type(upgrade.phase, Md5Phase)
    assert_type(upgrade.backfill().written, int)
    return upgrade.clear()


def what_a_checker_must_refuse(cipher: RecordCipher, keyrings: Keyrings) -> None:
    SealedField("v", index=CompoundIndex)  # type: ignore[arg-type]
    PrefixIndex(NAME)  # type: ignore[call-arg]
    ExactIndex(EMAIL, unique="yes")  # type: ignore[arg-type]
    IndexRotation(keyrings, tenant="acme")  # type: ignore[call-arg]
    cipher.search(7, "x")  # type: ignore[arg-type]
