"""`seal` and `open`, end to end on a local KEK and SQLite."""

from __future__ import annotations

import csv
import json
import stat

import pyarrow.parquet as pq
import pytest


def read(path) -> list[dict]:
    """A file's rows; typed as the format has them."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("middle", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("end", ["csv", "jsonl", "parquet"])
def test_there_and_back(project, run, customers, middle, end) -> None:
    sealed, opened = project / f"sealed.{middle}", project / f"opened.{end}"
    assert run("seal", "customers.jsonl", "-o", sealed, "--tenant", "acme").exit_code == 0
    content = sealed.read_bytes()
    assert b"anary" not in content
    assert "email_index" in read(sealed)[0]
    result = run("open", sealed, "-o", opened, "--tenant", "acme")
    assert result.exit_code == 0
    assert "opened 3 rows" in result.stderr
    assert result.stdout == ""
    again = project / "again.jsonl"
    assert run("seal", opened, "-o", sealed, "--tenant", "acme", "--force").exit_code == 0
    assert run("open", sealed, "-o", again, "--tenant", "acme").exit_code == 0
    assert read(again) == customers
    for path in (sealed, opened):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_format_for_names_that_do_not_say_it(project, run, customers) -> None:
    (project / "customers.jsonl").rename(project / "customers.data")
    without = run("seal", "customers.data", "-o", "sealed", "--tenant", "acme")
    assert without.exit_code == 3
    assert "--format" in without.stderr
    assert run("seal", "customers.data", "-o", "sealed", "--tenant", "acme", "--format", "jsonl").exit_code == 0
    assert run("open", "sealed", "-o", "back.csv", "--tenant", "acme", "--format", "jsonl").exit_code == 0
    assert [row["email"] for row in read(project / "back.csv")] == [row["email"] for row in customers]


def test_present_output_is_refused_without_force(sealed, run) -> None:
    before = sealed.read_bytes()
    result = run("seal", "customers.jsonl", "-o", sealed, "--tenant", "acme")
    assert result.exit_code == 3
    assert sealed.read_bytes() == before
    assert run("seal", "customers.jsonl", "-o", sealed, "--tenant", "acme", "--force").exit_code == 0
    assert sealed.read_bytes() != before


def test_input_is_never_the_output(project, run) -> None:
    before = (project / "customers.jsonl").read_bytes()
    result = run("seal", "customers.jsonl", "-o", "customers.jsonl", "--tenant", "acme", "--force")
    assert result.exit_code == 3
    assert (project / "customers.jsonl").read_bytes() == before


def test_other_tenant_gets_nothing(sealed, run) -> None:
    result = run("open", sealed, "-o", "opened.jsonl", "--tenant", "globex")
    assert result.exit_code == 1
    assert "error: " in result.stderr
    assert "hint: " in result.stderr
    assert not (sealed.parent / "opened.jsonl").exists()
    as_json = run("open", sealed, "-o", "opened.jsonl", "--tenant", "globex", "--json")
    assert as_json.exit_code == 1
    error = json.loads(as_json.stdout)["error"]
    assert error["class"] == "KeyNotFound"
    assert error["stage"] == "key"
    assert error["field"] == "name"
    assert set(error) == {"class", "message", "hint", "stage", "field"}


@pytest.fixture
def tampered(sealed):
    """The sealed file with row 2's e-mail moved to row 3, and a fourth row that is no envelope."""
    rows = read(sealed)
    rows[2]["email"] = rows[1]["email"]
    rows.append({**rows[0], "email": "canary in the clear"})
    sealed.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return sealed


def test_one_bad_row_fails_the_file(tampered, run) -> None:
    result = run("open", tampered, "-o", "opened.jsonl", "--tenant", "acme", "--json")
    assert result.exit_code == 1
    error = json.loads(result.stdout)["error"]
    assert (error["class"], error["stage"], error["field"]) == ("AuthenticationFailed", "authenticate", "email")
    assert not (tampered.parent / "opened.jsonl").exists()
    assert "anary" not in result.output


def test_keep_going_leaves_bad_rows_out_and_exits_with_6(tampered, run, customers) -> None:
    result = run("open", tampered, "-o", "opened.jsonl", "--tenant", "acme", "--keep-going", "--json")
    assert result.exit_code == 6
    report = json.loads(result.stdout)
    assert (report["rows"], report["written"], report["failed"]) == (4, 2, 2)
    assert [(one["row"], one["field"], one["error"], one["stage"]) for one in report["failures"]] == [
        (3, "email", "AuthenticationFailed", "authenticate"),
        (4, "email", "EnvelopeMalformed", "parse"),
    ]
    assert read(tampered.parent / "opened.jsonl") == customers[:2]
    assert "anary" not in result.output
    text = run("open", tampered, "-o", "other.jsonl", "--tenant", "acme", "--keep-going")
    assert text.exit_code == 6
    assert "refused: row 3: " in text.stderr
    assert "2 left out" in text.stderr


def test_too_many_failures_fail_the_file(tampered, run) -> None:
    result = run("open", tampered, "-o", "opened.jsonl", "--tenant", "acme", "--keep-going", "--max-failures", 1)
    assert result.exit_code == 1
    assert not (tampered.parent / "opened.jsonl").exists()


def test_values_that_cannot_be_sealed(project, run) -> None:
    row = {"customer_id": 9, "country": "US", "name": "n", "date_of_birth": None, "email": "canary without at sign"}
    (project / "bad.jsonl").write_text(json.dumps(row) + "\n")
    result = run("seal", "bad.jsonl", "-o", "sealed.jsonl", "--tenant", "acme", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["class"] == "NotIndexable"
    assert "canary" not in result.output
    assert not (project / "sealed.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["seal", "customers.jsonl", "-o", "x.csv"], 2),
        (["seal", "customers.jsonl", "--tenant", "acme"], 2),
        (["seal", "nothing.csv", "-o", "x.csv", "--tenant", "acme"], 2),
        (["seal", "customers.jsonl", "-o", "x.csv", "--tenant", "acme", "--max-failures", "3"], 2),
        (["seal", "customers.jsonl", "-o", "x.csv", "--tenant", "acme", "--schema", "nothing"], 3),
        (["--config", "nothing.toml", "seal", "customers.jsonl", "-o", "x.csv", "--tenant", "acme"], 3),
        (["seal", "customers.jsonl", "-o", "no/folder/x.csv", "--tenant", "acme"], 3),
    ],
)
def test_exit_codes_of_wrong_calls(project, run, arguments, code) -> None:
    assert run(*arguments).exit_code == code
    assert not (project / "x.csv").exists()


def test_kek_and_key_store_have_exit_codes_of_their_own(project, run, monkeypatch) -> None:
    (project / "fieldvault.kek").chmod(0o644)
    assert run("seal", "customers.jsonl", "-o", "x.csv", "--tenant", "acme").exit_code == 4
    (project / "fieldvault.kek").chmod(0o600)
    (project / "fieldvault-keys.db").unlink()
    gone = run("seal", "customers.jsonl", "-o", "x.csv", "--tenant", "acme", "--json")
    assert gone.exit_code == 5
    assert json.loads(gone.stdout)["error"]["class"].startswith("KeyStore")
    assert run("keys", "create-tables").exit_code == 0
    assert run("seal", "customers.jsonl", "-o", "x.csv", "--tenant", "acme").exit_code == 0


def test_global_schema_takes_no_tenant(project, run, customers) -> None:
    toml = project / "fieldvault.toml"
    toml.write_text(toml.read_text().replace('tenancy = "per-tenant"', 'tenancy = "global"'))
    assert run("seal", "customers.jsonl", "-o", "s.jsonl", "--tenant", "acme").exit_code == 2
    assert run("seal", "customers.jsonl", "-o", "s.jsonl").exit_code == 0
    assert run("open", "s.jsonl", "-o", "o.jsonl").exit_code == 0
    assert read(project / "o.jsonl") == customers
