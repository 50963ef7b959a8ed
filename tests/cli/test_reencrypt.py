"""`fieldvault reencrypt`: over declared tables and over models; from another format; stopped by a signal."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, text

from fieldvault import BinaryForm
from fieldvault.cli.session import Session
from fieldvault.kek.local import LocalKekWarning

SCHEMA = """
[database]
url = "sqlite:///app.db"

[audit]
file = "audit.jsonl"

[rotation.table.people]
tenant_column = "tenant"

[rotation.table.notes]

[schema.people]
row_id = "id"
plain = { id = "int" }
sealed = { name = "str", email = { index = { normaliser = "email" } } }

[schema.notes]
tenancy = "global"
row_id = "id"
plain = { id = "int" }
sealed = { note = "str" }
"""


@pytest.fixture
def config(project: Path) -> Path:
    file = project / "fieldvault.toml"
    kept = file.read_text().partition("[keyring]")[0]
    file.write_text("\n".join(line for line in kept.splitlines() if not line.startswith("#")) + SCHEMA)
    return file


@pytest.fixture
def rows(config: Path) -> Path:
    statement("CREATE TABLE people (id INTEGER PRIMARY KEY, tenant TEXT, name BLOB, email BLOB, email_index BLOB)")
    statement("CREATE TABLE notes (id INTEGER PRIMARY KEY, note BLOB)")
    with Session(config) as session:
        with pytest.warns(LocalKekWarning):
            session.keyrings  # noqa: B018 - opens the KEK
        for tenant, numbers in (("acme", range(1, 8)), ("other", range(11, 14))):
            cipher = session.cipher("people", tenant, BinaryForm())
            people = [{"id": n, "name": f"Nr {n}", "email": f"p{n}@example.org"} for n in numbers]
            for row in cipher.seal_many(people):
                insert("people", tenant=tenant, **row)
            cipher.keyring.rotate()
        notes = session.cipher("notes", None, BinaryForm())
        for row in notes.seal_many([{"id": n, "note": f"note {n}"} for n in range(4)]):
            insert("notes", **row)
        notes.keyring.rotate()
    return config


def statement(sql: str, **given: Any) -> list[Any]:
    engine = create_engine("sqlite:///app.db")
    try:
        with engine.begin() as connection:
            found = connection.execute(text(sql), given)
            return list(found) if found.returns_rows else []
    finally:
        engine.dispose()


def insert(table: str, **row: Any) -> None:
    statement(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(':' + name for name in row)})", **row)


def said(result: Any, code: int = 0) -> dict[str, Any]:
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)  # type: ignore[no-any-return]


@pytest.mark.usefixtures("rows")
def test_every_table_and_tenant(run: Any) -> None:
    assert run("reencrypt").exit_code == 2
    dry = said(run("reencrypt", "--all-tenants", "--dry-run", "--json"))
    assert [(one["table"], one["tenant"], one["left"]) for one in dry["tables"]] == [
        ("people", "acme", 7),
        ("people", "other", 3),
        ("notes", None, 4),
    ]
    one = said(run("reencrypt", "--table", "people", "--tenant", "acme", "--batch", "3", "--json"))
    assert [(t["written"], t["left"]) for t in one["tables"]] == [(7, 0)]
    done = run("reencrypt", "--all-tenants", "--workers", "2", "--rate", "100000")
    assert done.exit_code == 0, done.output
    assert "people of other: 3 rows written" in done.stderr
    verified = said(run("reencrypt", "--all-tenants", "--verify", "--json"))
    assert [one["fine"] for one in verified["tables"]] == [7, 3, 4]
    events = Path("audit.jsonl").read_text()
    said_so = ("reencrypt-begun", "reencrypt-ended", "verify-begun", "verify-ended")
    assert all(f'"{one}"' in events for one in said_so)


@pytest.mark.usefixtures("rows")
def test_rows_that_cannot_be_opened_are_said(run: Any) -> None:
    rubbish = b"\x01" + bytes(60)
    statement("UPDATE people SET name = :cell WHERE id = 4", cell=rubbish)
    result = run("reencrypt", "--tenant", "acme")
    assert result.exit_code == 6
    assert "1 rows as they were: KeyNotFound" in result.stderr
    assert "for example 4" in result.stderr
    assert said(run("reencrypt", "--tenant", "acme", "--verify", "--json"), 6)["tables"][0]["refused"] == {
        "KeyNotFound": 1
    }
    assert statement("SELECT name FROM people WHERE id = 4")[0][0] == rubbish


@pytest.mark.usefixtures("rows")
def test_from_fernet_in_place(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key = Fernet.generate_key()
    for n in range(20, 25):
        sealed = Fernet(key).encrypt(f"p{n}@example.org".encode())
        insert("people", id=n, tenant="third", name=None, email=sealed)
    move = ("reencrypt", "--table", "people", "--tenant", "third", "--from", "fernet", "--column", "email=email")
    unset = run(*move)
    assert unset.exit_code == 3
    assert "FIELDVAULT_LEGACY_KEY" in unset.stderr
    monkeypatch.setenv("FIELDVAULT_LEGACY_KEY", key.decode())
    assert said(run(*move, "--dry-run", "--json"))["tables"][0]["left"] == 5
    assert said(run(*move, "--json"))["tables"][0]["written"] == 5
    assert (
        said(run("reencrypt", "--tenant", "third", "--verify", "--table", "people", "--json"))["tables"][0]["fine"]
        == 5
    )
    assert all(index for [index] in statement("SELECT email_index FROM people WHERE tenant = 'third'"))


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    "wrong",
    [
        ("--verify", "--dry-run"),
        ("--column", "a=b"),
        ("--from", "fernet", "--column", "nothing"),
        ("--from", "fernet", "--padding", "pkcs5", "--table", "notes"),
        ("--from", "plaintext"),
        ("--table", "nothing"),
        ("--models", "no_such_module:Base"),
        ("--models", "json:dumps"),
        ("--tenant", "acme"),
    ],
)
def test_what_is_called_wrongly(run: Any, wrong: tuple[str, ...]) -> None:
    assert run("reencrypt", "--all-tenants", *wrong).exit_code == 2


def test_the_tables_of_models(rows: Path, run: Any) -> None:
    rows.write_text(rows.read_text().partition("[rotation.table.people]")[0])
    Path("shop_models.py").write_text(
        """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from fieldvault.contrib.sqlalchemy import Encrypted, Encryption, encrypted

class Base(DeclarativeBase):
    pass

class Person(Encrypted, Base):
    __tablename__ = "people"
    __encryption__ = Encryption(tenant="tenant", row_id="id")
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tenant: Mapped[str]
    name: Mapped[str] = encrypted()
"""
    )
    result = said(run("reencrypt", "--models", "shop_models:Base", "--all-tenants", "--json"))
    assert [(one["table"], one["tenant"], one["written"]) for one in result["tables"]] == [
        ("people", "acme", 7),
        ("people", "other", 3),
    ]


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_after_the_batch(
    spawn: Callable[..., subprocess.Popen[str]], run: Any, number: signal.Signals, code: int
) -> None:
    process = spawn("reencrypt", "--tenant", "acme", "--table", "people", "--batch", "1", "--rate", "2", "--json")
    while statement("SELECT count(*) FROM sqlite_master WHERE name = 'fieldvault_reencrypt_jobs'") != [(1,)]:
        assert process.poll() is None
    while statement("SELECT count(*) FROM fieldvault_reencrypt_jobs WHERE position IS NOT NULL") != [(1,)]:
        assert process.poll() is None
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    stopped = json.loads(output)
    assert stopped["stopped"]
    assert 0 < stopped["tables"][0]["left"] < 7
    rest = said(run("reencrypt", "--tenant", "acme", "--table", "people", "--json"))
    assert (rest["tables"][0]["written"], rest["tables"][0]["left"]) == (7, 0)
