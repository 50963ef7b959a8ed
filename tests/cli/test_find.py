"""`find`: rows by a blind index, however the value is written."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def everywhere(project, run):
    """The customers sealed in each format."""
    files = [project / f"sealed.{suffix}" for suffix in ("csv", "jsonl", "parquet")]
    for file in files:
        assert run("seal", "customers.jsonl", "-o", file, "--tenant", "acme").exit_code == 0
    return files


def test_differently_written_value_is_found_in_every_format(everywhere, run, customers) -> None:
    result = run("find", "email=  tom.CANARY@EXAMPLE.ORG ", *everywhere, "--tenant", "acme")
    assert result.exit_code == 0
    assert [json.loads(line) for line in result.stdout.splitlines()] == [customers[1]] * 3
    assert "3 rows found" in result.stderr


def test_value_from_stdin(everywhere, run, customers) -> None:
    result = run("find", "email=-", everywhere[0], "--tenant", "acme", "--json", stdin="ASHA.canary@example.com\n")
    assert [json.loads(line) for line in result.stdout.splitlines()] == [customers[0]]


def test_help_says_where_the_value_is_seen(run) -> None:
    text = " ".join(run("find", "--help").stdout.split())
    assert "history" in text
    assert "FIELD=-" in text


def test_nothing_found_is_no_failure(everywhere, run) -> None:
    result = run("find", "email=nobody@example.com", *everywhere, "--tenant", "acme")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "0 rows found" in result.stderr


def test_other_tenant_finds_nothing(everywhere, run) -> None:
    result = run("find", "email=asha.canary@example.com", *everywhere, "--tenant", "globex")
    assert (result.exit_code, result.stdout) == (0, "")


def test_tampered_row_is_refused_and_shows_no_value(everywhere, run) -> None:
    file = everywhere[1]
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    rows[0]["name"] = rows[1]["name"]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = run("find", "email=asha.canary@example.com", file, "--tenant", "acme", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["stage"] == "authenticate"
    assert "anary" not in result.output


@pytest.mark.parametrize(
    ("term", "code"),
    [("email", 2), ("=x", 2), ("nothing=x", 1), ("name=x", 1), ("email=canary", 1), ("date_of_birth=canary", 1)],
)
def test_what_cannot_be_looked_for(everywhere, run, term, code) -> None:
    result = run("find", term, everywhere[0], "--tenant", "acme")
    assert result.exit_code == code
    assert "canary" not in result.output
    assert result.stdout == ""
