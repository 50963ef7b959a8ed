"""`fieldvault domains link`: from token to token, recorded by both domains, and nothing shown that was hidden."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Run = Callable[..., Result]

DOMAINS = """
[audit]
file = "audit.jsonl"

[domain.research]
url = "sqlite:///tokens.db"
[domain.research.columns]
customer_id = { token = "siv", type = "int" }
country = "keep"
name = "lookup"
email = { token = "siv", normaliser = "email" }
date_of_birth = { token = "date-shift", days = 30, subject = "customer_id" }

[domain.ads.columns]
customer_id = { token = "siv", type = "int" }
country = "keep"
name = "drop"
email = { token = "one-way", normaliser = "email" }
date_of_birth = "drop"
"""
LINK = ("domains", "link", "people.csv", "--tenant", "acme", "--reason", "ticket 4711", "--actor", "eve")
ENDS = ("--from", "research", "--to", "ads")


@pytest.fixture
def project(project: Path, run: Run) -> Path:
    """With two domains, and the customers in tokens of both: people.csv and clients.csv."""
    with (project / "fieldvault.toml").open("a") as file:
        file.write(DOMAINS)
    for domain in ("research", "ads"):
        assert run("domains", "create", domain, "--tenant", "acme").exit_code == 0
    assert run("domains", "create-table", "research").exit_code == 0
    for domain, output in (("research", "people.csv"), ("ads", "clients.csv")):
        made = run("pseudonymise", "customers.jsonl", "--domain", domain, "--tenant", "acme", "-o", output)
        assert made.exit_code == 0, made.stderr
    return project


def rows_of(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def events(project: Path) -> list[dict[str, Any]]:
    return [json.loads(line)["event"] for line in (project / "audit.jsonl").read_text().splitlines()]


def test_a_linked_file_is_what_the_other_domain_would_have_made(project: Path, run: Run) -> None:
    result = run(*LINK, *ENDS, "-o", "linked.csv", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["written"] == 3
    assert rows_of(project / "linked.csv") == rows_of(project / "clients.csv")
    assert "anary" not in (project / "linked.csv").read_text() + result.stdout + result.stderr
    before, after = events(project)[-4:-2], events(project)[-2:]
    for pair, action in ((before, "link"), (after, "linked")):
        assert [(one["action"], one["details"]["domain"], one["reason"], one["actor"]) for one in pair] == [
            (action, domain, "ticket 4711", "eve") for domain in ("research", "ads")
        ]
        assert {(one["details"]["from"], one["details"]["to"]) for one in pair} == {("acme/research", "acme/ads")}
    assert {one["details"]["count"] for one in after} == {3}


def test_a_dry_run_records_and_writes_nothing(project: Path, run: Run) -> None:
    recorded = events(project)
    result = run(*LINK, *ENDS, "--dry-run")
    assert (result.exit_code, "3 rows" in result.stderr) == (0, True)
    people = (project / "people.csv").read_text()
    (project / "people.csv").write_text(people.replace("ft1.01.", "ft9.01.", 1))
    assert run(*LINK, *ENDS, "--dry-run").exit_code == 1
    assert events(project) == recorded


def test_one_bad_token_fails_the_file(project: Path, run: Run) -> None:
    lines = (project / "people.csv").read_text().splitlines()
    foreign = rows_of(project / "clients.csv")[1]["customer_id"]
    own = rows_of(project / "people.csv")[1]["customer_id"]
    lines[2] = lines[2].replace(own, foreign)
    (project / "people.csv").write_text("\n".join(lines) + "\n")
    result = run(*LINK, *ENDS, "-o", "linked.csv")
    assert (result.exit_code, "data row 2" in result.stderr) == (1, True), result.stderr
    assert not (project / "linked.csv").exists()


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("research", "research", "not linked with itself"),
        ("ads", "research", "tokenised in one of the domains"),
        ("research", "nobody", "says nothing about the columns"),
    ],
)
def test_what_does_not_go_together_is_refused(project: Path, run: Run, source: str, target: str, said: str) -> None:
    recorded = events(project)
    result = run(*LINK, "--from", source, "--to", target, "-o", "linked.csv")
    assert result.exit_code == 3, result.stderr
    assert said in result.stderr
    assert events(project) == recorded
    assert not (project / "linked.csv").exists()


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('date_of_birth = { token = "keep", type = "date" }', "tokenised in one of the domains"),
        ('date_of_birth = { token = "date-shift", days = 3, subject = "customer_id" }', "shifted dates"),
        ("", "without a rule"),
    ],
)
def test_no_value_comes_out_that_was_a_token(project: Path, run: Run, rule: str, said: str) -> None:
    config = project / "fieldvault.toml"
    config.write_text(config.read_text().replace('date_of_birth = "drop"', rule))
    result = run(*LINK, *ENDS, "-o", "linked.csv")
    assert (result.exit_code != 0, said in result.stderr) == (True, True), result.stderr


def test_without_a_reason_or_a_log_nothing_is_linked(project: Path, run: Run) -> None:
    assert run(*LINK, "--reason", " ", *ENDS, "-o", "linked.csv").exit_code == 1
    config = project / "fieldvault.toml"
    config.write_text(config.read_text().replace('[audit]\nfile = "audit.jsonl"\n', ""))
    result = run(*LINK, *ENDS, "-o", "linked.csv")
    assert (result.exit_code, "no audit log" in result.stderr) == (1, True)
    assert not (project / "linked.csv").exists()


def test_a_one_way_pseudonym_is_not_brought_over(project: Path, run: Run) -> None:
    (project / "people.csv").write_text("email\n" + rows_of(project / "clients.csv")[0]["email"] + "\n")
    result = run(*LINK, "--from", "ads", "--to", "research", "-o", "linked.csv")
    assert (result.exit_code, "one-way pseudonym" in result.stderr) == (3, True), result.stderr
