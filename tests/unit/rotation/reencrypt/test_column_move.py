"""Moving columns to envelopes: from Fernet in place, and from plaintext to columns of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Engine

from fieldvault import ExactIndex, Keyrings, PlainField, RecordCipher, Schema, SealedField, TextForm
from fieldvault.audit import MemoryAudit
from fieldvault.errors import SchemaError
from fieldvault.normalise import EMAIL
from fieldvault.rotation import ColumnMove, ReencryptionOptions, SealedTable, Stop
from fieldvault.rotation.formats import FernetTokens, PlainValues
from fieldvault.testing import memory_keyrings

KEY = Fernet.generate_key()
PEOPLE = Schema(
    "people",
    [
        PlainField("id", int),
        SealedField("email", index=ExactIndex(EMAIL, unique=True)),
        SealedField("born_year", int),
    ],
    row_id="id",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = (
        f"sqlite:///{tmp_path / 'app.db'}"
        if request.param == "sqlite"
        else request.getfixturevalue("postgresql_database")
    )
    made = create_engine(url)
    yield made
    made.dispose()


@pytest.fixture
def keyrings() -> Keyrings:
    return memory_keyrings()


def create(engine: Engine, columns: str) -> None:
    blob = "BYTEA" if engine.dialect.name == "postgresql" else "BLOB"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE people (id BIGINT PRIMARY KEY, {columns.replace('BLOB', blob)})"))


def put(engine: Engine, *rows: Mapping[str, Any]) -> None:
    with engine.begin() as connection:
        for row in rows:
            names = ", ".join(row)
            connection.execute(
                text(f"INSERT INTO people ({names}) VALUES ({', '.join(':' + n for n in row)})"), row
            )


def change(engine: Engine, statement: str, **given: Any) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement), given)


def rows(engine: Engine) -> dict[int, dict[str, Any]]:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT * FROM people ORDER BY id")).mappings()
        return {row["id"]: dict(row) for row in found}


def address(number: int) -> str:
    return f"p{number}@example.org"


def token(value: str) -> str:
    return Fernet(KEY).encrypt(value.encode()).decode()


def test_fernet_in_place_in_a_text_column(engine: Engine, keyrings: Keyrings) -> None:
    create(engine, "email TEXT, born_year TEXT, email_index TEXT UNIQUE, email_index_next TEXT UNIQUE")
    put(
        engine,
        *({"id": n, "email": token(f"p{n}@example.org"), "born_year": token(str(1900 + n))} for n in range(9)),
    )
    put(
        engine,
        {"id": 20, "email": None, "born_year": token("1990")},
        {"id": 21, "email": "gAAAAArubbish", "born_year": None},
    )
    put(engine, {"id": 22, "email": token("P1@example.org"), "born_year": None})  # a duplicate of another's address
    put(engine, {"id": 23, "email": token("x@example.org"), "born_year": token("no number")})
    table = SealedTable(engine, PEOPLE, "people", form=TextForm())
    before = rows(engine)
    audit = MemoryAudit()
    job = ColumnMove(
        keyrings, table, FernetTokens([KEY]), tenants=["acme"], options=ReencryptionOptions(batch=4), audit=audit
    )
    rehearsed = job.rehearse().tables[0]
    assert (dict(rehearsed.refused), rehearsed.left) == ({"LegacyValueRefused": 1, "ValueRefused": 1}, 13)
    assert rows(engine) == before
    assert not inspect(engine).has_table("fieldvault_reencrypt_jobs")
    result = job.run().tables[0]
    assert dict(result.refused) == {"LegacyValueRefused": 1, "ValueRefused": 1, "DuplicateValue": 1}
    assert (result.written, result.left) == (10, 3)
    after = rows(engine)
    assert all(after[n] == before[n] for n in (21, 22, 23))
    cipher = RecordCipher(PEOPLE, keyrings, tenant="acme", form=TextForm())
    good = [after[n] for n in (*range(9), 20)]
    opened = {one["id"]: one for one in cipher.open_many(good)}
    assert opened[3] == {"id": 3, "email": "p3@example.org", "born_year": 1903}
    assert opened[20] == {"id": 20, "email": None, "born_year": 1990}
    assert after[3]["email_index"] in cipher.index_values("email", "p3@example.org")
    assert job.run().tables[0].written == 0
    assert {one.action for one in audit.events} == {
        "rehearse-move-begun",
        "rehearse-move-ended",
        "move-begun",
        "move-ended",
    }


def test_a_stopped_move_goes_on_and_mixed_rows_are_finished(engine: Engine, keyrings: Keyrings) -> None:
    create(engine, "email BLOB, born_year BLOB, email_index BLOB, email_index_next BLOB")
    put(
        engine,
        *({"id": n, "email": token(address(n)).encode(), "born_year": token("1990").encode()} for n in range(9)),
    )
    cipher = RecordCipher(PEOPLE, keyrings, tenant="acme")
    change(
        engine,
        "UPDATE people SET email = :cell WHERE id = 4",
        cell=cipher.seal_value("email", "p4@example.org", row_id=4),
    )
    stop = Stop()
    table = SealedTable(engine, PEOPLE, "people")

    def job(**options: Any) -> ColumnMove:
        given = ReencryptionOptions(batch=3, **options)
        return ColumnMove(keyrings, table, FernetTokens([KEY]), tenants=["acme"], options=given)

    first = job(stop=stop, on_progress=lambda _: stop.ask()).run()
    assert first.stopped
    assert first.tables[0].written == 3
    second = job().run().tables[0]
    assert (second.written, second.left) == (9, 0)
    assert [one["email"] for one in cipher.open_many(list(rows(engine).values()))] == [
        f"p{n}@example.org" for n in range(9)
    ]
    assert all(row["email_index"] for row in rows(engine).values())


SEALED = Schema(
    "people", [PlainField("id", int), SealedField("email_sealed", index=ExactIndex(EMAIL))], row_id="id"
)


def plain_move(engine: Engine, keyrings: Keyrings) -> ColumnMove:
    table = SealedTable(engine, SEALED, "people", others=["email"])
    return ColumnMove(
        keyrings,
        table,
        PlainValues(),
        tenants=["acme"],
        columns={"email_sealed": "email"},
        options=ReencryptionOptions(batch=3),
    )


def test_plaintext_to_a_column_of_its_own(engine: Engine, keyrings: Keyrings) -> None:
    create(engine, "email TEXT, email_sealed BLOB, email_sealed_index BLOB")
    put(engine, *({"id": n, "email": f"p{n}@example.org"} for n in range(7)), {"id": 8, "email": None})
    cipher = RecordCipher(SEALED, keyrings, tenant="acme")
    # What a writer in dual write has done already, and one that writes the old column alone.
    for n, value in ((1, "p1@example.org"), (2, "stale@example.org")):
        sealed = cipher.seal({"id": n, "email_sealed": value})
        change(
            engine,
            "UPDATE people SET email_sealed = :s, email_sealed_index = :i WHERE id = :n",
            s=sealed["email_sealed"],
            i=sealed["email_sealed_index"],
            n=n,
        )
    kept = rows(engine)[1]
    job = plain_move(engine, keyrings)
    assert job.rehearse().tables[0].left == 5
    result = job.run().tables[0]
    assert (result.written, result.left, result.refused.total()) == (6, 0, 0)
    after = rows(engine)
    assert after[1] == kept
    opened = cipher.open_many([{"id": n, "email_sealed": row["email_sealed"]} for n, row in after.items()])
    assert [one["email_sealed"] for one in opened] == [row["email"] for row in after.values()]
    assert after[2]["email_sealed_index"] in cipher.index_values("email_sealed", "p2@example.org")
    change(engine, "UPDATE people SET email = NULL WHERE id = 3")
    change(engine, "UPDATE people SET email = 'new@example.org' WHERE id = 4")
    again = plain_move(engine, keyrings).run().tables[0]
    assert (again.written, again.left) == (2, 0)
    assert rows(engine)[3]["email_sealed"] is None
    assert rows(engine)[3]["email_sealed_index"] is None
    assert plain_move(engine, keyrings).run().tables[0].written == 0


def test_a_concurrent_write_of_the_plaintext_wins(
    engine: Engine, keyrings: Keyrings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fieldvault.rotation.reencrypt.moving import Moving

    create(engine, "email TEXT, email_sealed BLOB, email_sealed_index BLOB")
    put(engine, *({"id": n, "email": f"p{n}@example.org"} for n in range(3)))
    seal = Moving._seal

    def late(work: Moving, *given: Any) -> Any:
        settled = seal(work, *given)
        if settled.changes is not None and len(settled.changes.keys) == 3:
            change(engine, "UPDATE people SET email = 'late@example.org' WHERE id = 1")
        return settled

    monkeypatch.setattr(Moving, "_seal", late)
    result = plain_move(engine, keyrings).run().tables[0]
    assert (result.written, result.overtaken, result.left) == (3, 1, 0)
    cipher = RecordCipher(SEALED, keyrings, tenant="acme")
    assert cipher.open_value("email_sealed", rows(engine)[1]["email_sealed"], row_id=1) == "late@example.org"


def test_plaintext_in_place_is_refused(engine: Engine, keyrings: Keyrings) -> None:
    table = SealedTable(engine, PEOPLE, "people")
    with pytest.raises(SchemaError, match="told apart"):
        ColumnMove(keyrings, table, PlainValues(), tenants=["acme"])
    with pytest.raises(SchemaError, match="no sealed field"):
        ColumnMove(keyrings, table, PlainValues(), tenants=["acme"], columns={"nothing": "email"})
