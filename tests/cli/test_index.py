"""`fieldvault index`: a whole rotation by commands; and `find` by every kind of index."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from plugins.indexed_people import PEOPLE, people, person
from sqlalchemy import create_engine, insert, select, update

from fieldvault import BinaryForm
from fieldvault.cli.session import Session
from fieldvault.kek.local import LocalKekWarning

SCHEMA = """
[keyring]
cache_seconds = 0.05

[database]
url = "sqlite:///app.db"

[rotation]
slowest_write_seconds = 0.05

[rotation.table.people]
tenant_column = "tenant"

[schema.people]
row_id = "id"
plain = { id = "int" }

[schema.people.sealed.email]
index = { normaliser = "email", unique = true }

[schema.people.sealed.name]
index = [
  { normaliser = "name" }, { kind = "word", normaliser = "name" },
  { kind = "prefix", normaliser = "name", lengths = [2, 5] }, { kind = "suffix", normaliser = "name", lengths = 4 },
  { kind = "leaky-ngram", normaliser = "name" },
]

[[schema.people.compound]]
name = "both"
parts = { email = "email", name = "name" }
"""


@pytest.fixture
def config(project: Path) -> Path:
    file = project / "fieldvault.toml"
    kept = file.read_text().partition("[keyring]")[0]
    file.write_text("\n".join(line for line in kept.splitlines() if not line.startswith("#")) + SCHEMA)
    return file


@pytest.fixture
def rows(config: Path) -> Path:
    engine = create_engine("sqlite:///app.db")
    people.metadata.create_all(engine)
    with Session(config) as session:
        with pytest.warns(LocalKekWarning):
            cipher = session.cipher("people", "acme", BinaryForm())
        sealed = cipher.seal_many([person(n) for n in range(1, 8)])
        known = [{name: one[name] for name in ("id", "email", "name", *PEOPLE.index_columns)} for one in sealed]
    with engine.begin() as connection:
        connection.execute(insert(people), known)
    engine.dispose()
    return config


def said(result: Any) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)  # type: ignore[no-any-return]


@pytest.fixture
def only_known_columns(rows: Path) -> None:
    """The table of the tests has fewer indexes than the schema of the other tests here."""
    text = rows.read_text()
    start, end = text.index('  { kind = "prefix"'), text.index("]\n\n[[schema.people.compound]]")
    rows.write_text(text[:start] + text[end:].partition("[[schema")[0])


@pytest.mark.usefixtures("only_known_columns")
def test_a_whole_rotation(run: Any) -> None:
    scope = ("--tenant", "acme")
    assert said(run("index", "status", *scope, "--json"))["phase"] == "stable"
    assert said(run("index", "start", *scope, "--dry-run", "--json"))["phase"] == "stable"
    assert said(run("index", "start", *scope, "--json"))["phase"] == "dual-write"
    assert run("index", "start", *scope).exit_code == 1
    refused = run("index", "backfill", *scope)
    assert refused.exit_code == 1
    assert "dual-write" in refused.stderr
    assert said(run("index", "advance", *scope, "--wait", "--json"))["phase"] == "backfill"
    for written, phase in ((7, "cut-over"), (7, "drop"), (7, "stable")):
        refused = run("index", "advance", *scope, "--wait")
        assert refused.exit_code == 1
        assert "7 rows" in refused.stderr
        assert said(run("index", "backfill", *scope, "--dry-run", "--json")) == {"rows_left": {"people": 7}}
        assert said(run("index", "backfill", *scope, "--batch", "3", "--json"))["written"] == written
        assert said(run("index", "advance", *scope, "--wait", "--json"))["phase"] == phase
    state = said(run("index", "status", *scope, "--json"))
    assert (state["version"], state["next_version"], state["rows_left"]) == (2, None, {})
    assert state["rows_by_version"]["people"]["email_index"] == {"2": 7}
    shown = run("index", "status", *scope)
    assert "email_index" in shown.stdout
    assert "fieldvault index start" in shown.stderr


@pytest.mark.usefixtures("only_known_columns")
def test_too_early_says_how_long_to_wait(config: Path, run: Any) -> None:
    config.write_text(config.read_text().replace("slowest_write_seconds = 0.05", "slowest_write_seconds = 600"))
    run("index", "start", "--tenant", "acme")
    early = run("index", "advance", "--tenant", "acme", "--json")
    assert early.exit_code == 1
    assert json.loads(early.stdout)["error"]["class"] == "IndexStepTooEarly"


@pytest.mark.usefixtures("only_known_columns")
def test_rows_that_cannot_be_opened_are_said(run: Any) -> None:
    engine = create_engine("sqlite:///app.db")
    with engine.begin() as connection:
        connection.execute(update(people).where(people.c.id == 4).values(name=b"\x01" + bytes(60)))
    run("index", "start", "--tenant", "acme")
    run("index", "advance", "--tenant", "acme", "--wait")
    result = run("index", "backfill", "--tenant", "acme")
    assert result.exit_code == 6
    assert "cannot be opened, e.g. 4" in result.stderr
    with engine.connect() as connection:
        assert connection.execute(select(people.c.email_index_next).where(people.c.id == 4)).scalar_one() is None
    engine.dispose()


@pytest.mark.usefixtures("config")
def test_what_it_needs_to_be_told(config: Path, run: Any) -> None:
    assert run("index", "status").exit_code == 2
    assert run("index", "status", "--tenant", "a", "--global").exit_code == 2
    assert run("index", "status", "--global").exit_code == 3
    config.write_text(config.read_text().replace("[rotation.table.people]", "[rotation.table.orders]"))
    refused = run("index", "status", "--tenant", "acme")
    assert refused.exit_code == 3
    assert "rotation.table.orders.schema" in refused.stderr


@pytest.mark.parametrize("extension", ["jsonl", "csv", "parquet"])
def test_find_by_every_kind(config: Path, run: Any, extension: str) -> None:
    names = ["Ann Lee", "Anna Lee-Smith", "Bo Ann", "Leeann"]
    lines = [json.dumps({"id": n, "email": f"p{n}@x.example", "name": name}) for n, name in enumerate(names, 1)]
    Path("people.jsonl").write_text("\n".join(lines) + "\n")
    sealed = run("seal", "people.jsonl", "-o", f"sealed.{extension}", "--tenant", "acme")
    assert sealed.exit_code == 0, sealed.output

    def found(*arguments: str) -> list[int]:
        result = run("find", *arguments, f"sealed.{extension}", "--tenant", "acme", "--json")
        assert result.exit_code == 0, result.output
        return [json.loads(line)["id"] for line in result.stdout.splitlines()]

    assert found("email=P2@x.example") == [2]
    assert found("name=ANN lee", "--index", "index") == [1]
    assert found("name=lee ann", "--index", "words") == [1]
    assert found("name=ann", "--index", "words") == [1, 3]
    assert found("name=ann", "--index", "prefix") == [1, 2]
    assert found("name=anna l", "--index", "prefix") == [2]
    assert found("name=n Lee", "--index", "suffix") == [1]
    assert found("name=eann", "--index", "suffix") == [4]
    assert found("name=ee-s", "--index", "ngrams") == [2]
    assert found("name=bo ann", "--and", "email=p3@X.example") == [3]
    assert found("name=bo ann", "--and", "email=p1@X.example") == []
    short = run("find", "name=a", f"sealed.{extension}", "--tenant", "acme", "--index", "prefix")
    assert short.exit_code == 1
    assert "shorter than 2" in short.stderr


def test_an_md5_column_is_upgraded(config: Path, run: Any) -> None:
    config.write_text(
        config.read_text().partition("[rotation]")[0]
        + """
[schema.users]
row_id = "id"
plain = { id = "int" }
sealed = { email = { index = { kind = "md5", steps = ["trim", "lower"] } } }
"""
    )
    digest = hashlib.md5(b"ann@example.org").hexdigest()
    engine = create_engine("sqlite:///app.db")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id INTEGER PRIMARY KEY, m TEXT, email_index BLOB)")
        connection.exec_driver_sql("INSERT INTO users (id, m) VALUES (1, ?), (2, 'none'), (3, NULL)", (digest,))
    command = ("index", "upgrade-md5", "users", "--field", "email", "--column", "m", "--tenant", "acme", "--json")
    assert said(run(*command, "--dry-run")) == {"phase": "legacy", "rows_left": 2}
    refused = run(*command)
    assert refused.exit_code == 6
    assert "1 rows have no MD5 digest, e.g. 2" in refused.stderr
    assert run(*command, "--clear").exit_code == 1
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE users SET m = NULL WHERE id = 2")
    assert said(run(*command)) == {"phase": "cut-over", "rows_left": 0, "written": 0}
    assert said(run(*command, "--clear")) == {"phase": "done", "rows_left": 0}
    engine.dispose()
