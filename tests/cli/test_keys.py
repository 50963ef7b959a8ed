"""`fieldvault keys`: rotate, rewrap, move, retire, shred and epoch by commands; their questions and exit codes."""

from __future__ import annotations

import base64
import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from plugins.openbao_server import OpenBao
from sqlalchemy import create_engine, text

from fieldvault.cli.session import Session
from fieldvault.config import load_config
from fieldvault.kek.local import Environment, LocalKek, ProtectionKey

SCHEMA = """
[keyring]
cache_seconds = 0.05

[audit]
file = "audit.jsonl"

[database]
url = "sqlite:///app.db"

[rotation]
slowest_write_seconds = 0.05
lock_seconds = 0.2

[rotation.table.people]
form = "text"

[schema.people]
row_id = "id"
subject = "id"
plain = { id = "int" }
sealed = { email = "str" }

[schema.orders]
row_id = "id"
plain = { id = "int" }
sealed = { note = "str" }
"""
SETTLED = 0.15


@pytest.fixture
def config(project: Path) -> Path:
    """Orders are sealed under the tenant's data keys, people under their own; both are tables of the database."""
    file = project / "fieldvault.toml"
    kept = file.read_text().partition("[keyring]")[0]
    file.write_text("\n".join(line for line in kept.splitlines() if not line.startswith("#")) + SCHEMA)
    return file


@pytest.fixture
def rows(config: Path, run: Any) -> Path:
    for schema, field in (("orders", "note"), ("people", "email")):
        lines = [json.dumps({"id": n, field: f"canary {n}"}) for n in range(4)]
        Path(f"{schema}.jsonl").write_text("\n".join(lines) + "\n")
        said(run("seal", f"{schema}.jsonl", "-o", f"{schema}.sealed.jsonl", "--schema", schema, "--tenant", "acme"))
    engine = create_engine("sqlite:///app.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE people (id INTEGER, email TEXT)"))
        connection.execute(text("CREATE TABLE orders (id INTEGER, note TEXT)"))
        for table, field in (("people", "email"), ("orders", "note")):
            for line in Path(f"{table}.sealed.jsonl").read_text().splitlines():
                insert = text(f"INSERT INTO {table} VALUES (:id, :{field})")
                connection.execute(insert, json.loads(line))
    engine.dispose()
    return config


@pytest.fixture
def with_orders(rows: Path) -> Path:
    """The table of orders is declared as well."""
    rows.write_text(
        rows.read_text().replace("[schema.people]", '[rotation.table.orders]\nform = "text"\n[schema.people]')
    )
    return rows


def said(result: Any, code: int = 0) -> Any:
    assert result.exit_code == code, result.output
    assert "canary" not in result.output
    return json.loads(result.stdout) if result.stdout.startswith("{") and "\n{" not in result.stdout else None


def opens(run: Any) -> bool:
    def code(schema: str) -> int:
        scope = ("--schema", schema, "--tenant", "acme", "--force")
        return int(run("open", f"{schema}.sealed.jsonl", "-o", f"{schema}.opened.jsonl", *scope).exit_code)

    return code("orders") == code("people") == 0


def listed(run: Any, *more: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for line in run("keys", "list", "--json", *more).stdout.splitlines():
        record = json.loads(line)
        found.setdefault(record["purpose"], []).append(record)
    return found


def actions() -> list[str]:
    return [json.loads(line)["event"]["action"] for line in Path("audit.jsonl").read_text().splitlines()]


@pytest.mark.usefixtures("with_orders")
def test_a_rotation_until_the_old_keys_are_gone(run: Any) -> None:
    time.sleep(SETTLED)
    done = said(run("keys", "rotate", "--tenant", "acme", "--actor", "ops", "--json"))
    assert {one["purpose"]: one["outcome"] for one in done["scopes"]} == {
        "fields": "rotated",
        "subjects": "rotated",
    }
    assert done["subject_keys"] == 4
    assert actions() == ["rotate-key", "rotate-key", "rewrap-subject-keys"]
    assert '"actor":"ops"' in Path("audit.jsonl").read_text()
    assert said(run("audit", "verify", "--json"))["ok"]
    assert opens(run)
    rows = listed(run, "--rows")
    assert [one["rows_left"] for one in rows["fields"]] == [4, 0]
    assert [one["rows_left"] for one in rows["subjects"]] == [0, 4]
    old, old_wrapping = rows["fields"][0]["key_id"], rows["subjects"][0]["key_id"]

    time.sleep(SETTLED)
    refused = run("keys", "retire", old, "--yes")
    assert refused.exit_code == 1
    assert "4 rows are sealed under it" in refused.stderr
    asked = run("keys", "retire", old_wrapping, stdin="n\n")
    assert asked.exit_code == 1
    assert listed(run)["subjects"][0]["state"] == "decrypt-only"
    done = said(run("keys", "retire", old_wrapping, "--yes", "--json"))
    assert (done["key_ids"], done["purposes"]) == ([old_wrapping], ["subjects"])
    assert listed(run)["subjects"][0]["state"] == "destroyed"
    assert opens(run)
    primary = run("keys", "retire", rows["fields"][1]["key_id"], "--yes")
    assert "is the primary" in primary.stderr
    shown = run("keys", "list", "--rows")
    assert "rows left" in shown.stdout


@pytest.mark.usefixtures("rows")
def test_a_command_that_is_repeated_makes_no_other_key(config: Path, run: Any) -> None:
    config.write_text(config.read_text().replace("slowest_write_seconds = 0.05", "slowest_write_seconds = 600"))
    young = said(run("keys", "rotate", "--tenant", "acme", "--json"))
    assert {one["outcome"] for one in young["scopes"]} == {"too-young"}
    assert "too-young" in run("keys", "rotate", "--tenant", "acme").stdout
    assert "--min-age 0" in run("keys", "rotate", "--tenant", "acme").stderr
    assert len(listed(run)["fields"]) == 1
    said(run("keys", "rotate", "--all", "--min-age", "0", "--yes", "--json"))
    assert [one["state"] for one in listed(run)["fields"]] == ["decrypt-only", "active"]
    early = run("keys", "retire", listed(run)["subjects"][0]["key_id"], "--yes", "--json")
    assert json.loads(early.stdout)["error"]["class"] == "KeyNotSettled"
    assert said(run("keys", "rotate", "--tenant", "acme", "--resume", "--json"))["subject_keys"] == 0


@pytest.mark.usefixtures("rows")
def test_what_it_needs_to_be_told_and_asks(run: Any) -> None:
    for command in (
        ("rotate",),
        ("rotate", "--tenant", "acme", "--all"),
        ("retire", "xyz"),
        ("retire", "ab"),
        ("shred",),
        ("rewrap", "--older-than-version", "0"),
    ):
        assert run("keys", *command).exit_code == 2
    for command in (("rotate", "--all", "--min-age", "0"), ("shred", "--tenant", "acme"), ("epoch",)):
        assert run("keys", *command, stdin="n\n").exit_code == 1
    assert {one["state"] for keys in listed(run).values() for one in keys} == {"active"}
    assert run("keys", "rotate", "--tenant", "acme", "--purpose", "index").exit_code == 1
    assert "fieldvault index start" in run("keys", "rotate", "--tenant", "acme", "--purpose", "index").stderr
    local = run("keys", "rewrap")
    assert local.exit_code == 1
    assert "fieldvault keys move" in local.stderr
    assert run("keys", "move", "--yes").exit_code == 3
    unknown = run("keys", "retire", "0" * 32, "--yes")
    assert "there is no data key" in unknown.stderr


@pytest.mark.usefixtures("rows")
def test_a_run_that_finds_another_at_work_ends_with_7(config: Path, run: Any) -> None:
    store = load_config(config).build_keystore()
    now = datetime.now(UTC)
    store.take_lock("keys", "db-host process 1", at=now, until=now + timedelta(hours=1))
    store.close()
    busy = run("keys", "rotate", "--tenant", "acme", "--min-age", "0")
    assert busy.exit_code == 7
    assert "db-host process 1" in busy.stderr
    assert len(listed(run)["fields"]) == 1


@pytest.mark.usefixtures("rows")
def test_a_person_and_then_a_tenant_are_shredded_with_evidence(run: Any) -> None:
    person = ("keys", "shred", "--tenant", "acme", "--subject", "2", "--schema", "people")
    assert said(run(*person, "--dry-run", "--json"))["dry_run"]
    assert opens(run)
    done = said(run(*person, "--yes", "--reason", "art. 17", "--json"))
    assert (len(done["key_ids"]), done["reason"]) == (1, "art. 17")
    assert not opens(run)
    assert run(*person[:-1], "orders").exit_code == 3
    shown = run("keys", "shred", "--tenant", "acme", stdin="y\n")
    assert shown.exit_code == 0
    assert "2 keys destroyed" in shown.stderr
    assert actions() == ["shred-subjects", "shred-tenant", "tenant-shredded"]
    assert {one["state"] for one in listed(run)["fields"]} == {"destroyed"}


@pytest.mark.parametrize("how", ["new", "file"])
def test_keys_move_to_another_kek(rows: Path, run: Any, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIELDVAULT_KEK_KEY_NEW", base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode())
    with pytest.warns(UserWarning, match="development"):
        new = LocalKek.create("new.kek", ProtectionKey(Environment("FIELDVAULT_KEK_KEY_NEW")))
    table = 'kind = "local"\nfile = "new.kek"\nprotect = "key"\n'
    before = rows.read_text()
    if how == "new":
        rows.write_text(f"{before}\n[kek.new]\n{table}")
        more: tuple[str, ...] = ()
    else:  # its secret is asked for under the plain name, so both KEKs have the same here
        Path("new.kek").unlink()
        with pytest.warns(UserWarning, match="development"):
            new = LocalKek.create("new.kek", ProtectionKey(Path(os.environ["FIELDVAULT_KEK_KEY_FILE"])))
        Path("other.toml").write_text(f"[kek]\n{table}[keystore]\nurl = 'sqlite:///unused.db'\n")
        more = ("--to", "other.toml")
    assert said(run("keys", "move", *more, "--dry-run", "--json"))["done"] == 2
    assert run("keys", "move", *more, stdin="n\n").exit_code == 1
    moved = said(run("keys", "move", *more, "--yes", "--json"))
    assert (moved["done"], moved["to"]) == (3, new.name)  # with the audit log's key, which is made meanwhile
    if how == "new":
        assert opens(run)  # reads both
        old_table = table.replace("new.kek", "fieldvault.kek")
        swapped = before.replace('file = "fieldvault.kek"', 'file = "new.kek"')
        rows.write_text(f"{swapped}\n[kek.old]\n{old_table}")
        monkeypatch.setenv("FIELDVAULT_KEK_KEY_OLD_FILE", os.environ["FIELDVAULT_KEK_KEY_FILE"])
        monkeypatch.delenv("FIELDVAULT_KEK_KEY_FILE")
        monkeypatch.setenv("FIELDVAULT_KEK_KEY", os.environ["FIELDVAULT_KEK_KEY_NEW"])
        assert said(run("keys", "move", "--yes", "--json"))["already"] == 3
        assert opens(run)
    with Session(rows) as session:
        assert {one.kek for one in session.keystore.data_keys_after(None, 9)} == {new.name}


def test_two_others_are_one_too_many(rows: Path, run: Any) -> None:
    kek = '\nkind = "local"\nfile = "x"\n'
    rows.write_text(f"{rows.read_text()}\n[kek.new]{kek}[kek.old]{kek}")
    refused = run("keys", "list")
    assert refused.exit_code == 3
    assert "kek.old" in refused.stderr
    rows.write_text(rows.read_text().partition("[kek.new]")[0] + f"[kek.new]{kek}[kek.new.old]{kek}")
    assert "kek.new.old: there is no such key" in run("keys", "list").stderr


def test_rewrap_and_epoch_at_a_real_server(
    rows: Path, run: Any, openbao: OpenBao, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = openbao.create_key()
    monkeypatch.setenv("VAULT_TOKEN", openbao.root)
    vault = f'kind = "vault-transit"\naddress = "{openbao.address}"\nmount = "{openbao.mount}"\n'
    vault += f'key = "{key}"\nauth = "token"\n'
    before = rows.read_text()
    rows.write_text(f"{before}\n[kek.new]\n{vault}")
    said(run("keys", "move", "--yes", "--json"))
    head, _, tail = before.partition("[kek]")
    rows.write_text(f"{head}[kek]\n{vault}\n[keystore]{tail.partition('[keystore]')[2]}")
    assert opens(run)
    assert said(run("keys", "rewrap", "--rotate-kek", "--dry-run", "--json"))["done"] == 3
    assert said(run("keys", "rewrap", "--rotate-kek", "--json"))["done"] == 3
    assert said(run("keys", "rewrap", "--older-than-version", "2", "--json"))["already"] == 3
    assert "3 were new enough" in run("keys", "rewrap").stderr
    assert {one["kek_version"] for keys in listed(run).values() for one in keys} == {2}
    plan = said(run("keys", "epoch", "--rotate-kek", "--dry-run", "--json"))
    assert (plan["newest"], plan["closed"]) == (3, 2)
    done = said(run("keys", "epoch", "--rotate-kek", "--wait", "--yes", "--json"))
    assert (done["newest"], done["closed"]) == (3, 2)
    assert "are deleted" not in run("keys", "epoch", "--yes").stderr
    assert opens(run)
    assert said(run("audit", "verify", "--json"))["ok"]
    config = openbao.api("GET", f"{openbao.mount}/keys/{key}")["data"]
    assert config["min_decryption_version"] == config["min_available_version"] == 3
