"""`fieldvault pseudonymise`, `reidentify` and `domains`: files of every format, joins, evidence, refusals."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
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
date_of_birth = { token = "keep", type = "date" }
"""
SCOPE = ("--domain", "research", "--tenant", "acme")
REASON = ("--reason", "ticket 4711", "--actor", "eve")


@pytest.fixture
def project(project: Path, run: Run) -> Path:
    """With two domains, and the token table of one."""
    with (project / "fieldvault.toml").open("a") as file:
        file.write(DOMAINS)
    for domain in ("research", "ads"):
        assert run("domains", "create", domain, "--tenant", "acme").exit_code == 0
    assert run("domains", "create-table", "research").exit_code == 0
    return project


def rows_of(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return list(pq.read_table(path).to_pylist())
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def events(project: Path) -> list[dict[str, Any]]:
    return [json.loads(line)["event"] for line in (project / "audit.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl", "out.parquet"])
def test_there_and_back_in_every_format(
    project: Path, run: Run, customers: list[dict[str, Any]], name: str
) -> None:
    made = run("pseudonymise", "customers.jsonl", *SCOPE, "-o", name, "--json")
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["written"] == 3
    assert b"anary" not in (project / name).read_bytes()
    tokens = rows_of(project / name)
    assert [row["email"][:7] for row in tokens] == ["ft1.01."] * 3
    assert {row["country"] for row in tokens} == {"IN", "GB", "JO"}
    back = run("reidentify", name, *SCOPE, *REASON, "-o", "back.jsonl")
    assert back.exit_code == 0, back.output
    wanted = [row | {"email": row["email"].lower()} for row in customers]
    assert rows_of(project / "back.jsonl") == wanted
    assert (project / "back.jsonl").stat().st_mode & 0o777 == 0o600


def test_files_of_one_domain_join_and_of_two_do_not(project: Path, run: Run) -> None:
    (project / "orders.csv").write_text(
        "customer_id,email\n3,LAYLA.canary@example.com\n1,asha.canary@example.com\n"
    )
    for domain in ("research", "ads"):
        for source, made in (("customers.jsonl", "c"), ("orders.csv", "o")):
            scope = ("--domain", domain, "--tenant", "acme")
            assert run("pseudonymise", source, *scope, "-o", f"{domain}-{made}.jsonl").exit_code == 0
    seen: dict[str, set[Any]] = {}
    for domain in ("research", "ads"):
        people, orders = rows_of(project / f"{domain}-c.jsonl"), rows_of(project / f"{domain}-o.jsonl")
        for column in ("customer_id", "email"):
            assert [row[column] for row in orders] == [people[2][column], people[0][column]]
        seen[domain] = {row[column] for row in people for column in ("customer_id", "email")}
    assert not seen["research"] & seen["ads"]
    assert "name" not in rows_of(project / "ads-c.jsonl")[0]


def test_reidentifying_is_recorded_first_and_one_way_stays(project: Path, run: Run) -> None:
    run("pseudonymise", "customers.jsonl", "--domain", "ads", "--tenant", "acme", "-o", "out.csv")
    done = run("reidentify", "out.csv", "--domain", "ads", "--tenant", "acme", *REASON, "-o", "back.csv")
    assert done.exit_code == 0, done.output
    back = rows_of(project / "back.csv")
    assert [row["customer_id"] for row in back] == ["1", "2", "3"]
    assert all(row["email"].startswith("fp1.01.") for row in back)
    begun, ended = events(project)[-2:]
    assert (begun["action"], ended["action"]) == ("reidentify", "reidentified")
    assert (begun["actor"], begun["reason"], begun["tenant"]) == ("eve", "ticket 4711", "acme")
    assert begun["details"] == {"domain": "ads", "file": "out.csv", "kind": "file", "name": "customer_id"}
    assert ended["details"]["count"] == 3


def test_no_audit_log_no_reason_no_reveal(project: Path, run: Run) -> None:
    run("pseudonymise", "customers.jsonl", *SCOPE, "-o", "out.csv")
    assert run("reidentify", "out.csv", *SCOPE, "-o", "back.csv").exit_code == 2
    assert run("reidentify", "out.csv", *SCOPE, "--reason", " ", "-o", "back.csv").exit_code == 1
    config = project / "fieldvault.toml"
    config.write_text(config.read_text().replace('[audit]\nfile = "audit.jsonl"', ""))
    refused = run("reidentify", "out.csv", *SCOPE, *REASON, "-o", "back.csv", "--json")
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["error"]["class"] == "NotAccountable"
    assert not (project / "back.csv").exists()


def test_a_dry_run_writes_nothing_and_records_nothing(project: Path, run: Run) -> None:
    before = events(project)
    assert run("pseudonymise", "customers.jsonl", *SCOPE, "--dry-run", "--json").exit_code == 0
    (project / "bad.csv").write_text("customer_id,email\n1,asha.canary@example.com\n2,canary at example.com\n")
    bad = run("pseudonymise", "bad.csv", *SCOPE, "--dry-run")
    assert bad.exit_code == 1
    assert "data row 2" in bad.stderr
    assert "canary at" not in bad.stderr
    torn = run("reidentify", "bad.csv", *SCOPE, *REASON, "--dry-run")
    assert torn.exit_code == 1
    assert events(project) == before
    assert run("pseudonymise", "customers.jsonl", *SCOPE, "--dry-run", "-o", "x.csv").exit_code == 2
    assert run("pseudonymise", "customers.jsonl", *SCOPE).exit_code == 2


def test_nothing_passes_unseen(project: Path, run: Run) -> None:
    (project / "more.csv").write_text("customer_id,iban\n1,canary\n")
    refused = run("pseudonymise", "more.csv", *SCOPE, "-o", "out.csv")
    assert refused.exit_code == 1
    assert "'iban'" in refused.stderr
    for rule in (
        "iban=drop",
        "iban=siv",
        "iban=siv,name=account,version=2",
        "iban=format,alphabet=abcdefghijklmnopqrstuvwxyz",
    ):
        done = run("pseudonymise", "more.csv", *SCOPE, "-c", rule, "-o", "out.csv", "--force")
        assert done.exit_code == 0, done.output
        assert "canary" not in (project / "out.csv").read_text()
    small = run("pseudonymise", "more.csv", *SCOPE, "-c", "iban=format,alphabet=abcnry", "-o", "x.csv", "--json")
    assert json.loads(small.stdout)["error"] | {"message": "", "hint": ""} == {
        "class": "FormatTooSmall",
        "message": "",
        "hint": "",
        "stage": None,
        "field": "iban",
    }


@pytest.mark.parametrize(
    "rule",
    ["iban", "iban=", "iban=rot13", "iban=siv,luhn=valid", "iban=card", "iban=date-shift", "iban=siv,version=0"],
)
def test_wrong_rules_are_configuration_errors(project: Path, run: Run, rule: str) -> None:
    (project / "more.csv").write_text("customer_id,iban\n1,canary\n")
    assert run("pseudonymise", "more.csv", *SCOPE, "-c", rule, "-o", "out.csv").exit_code == 3


def test_rows_that_are_refused(project: Path, run: Run) -> None:
    (project / "some.csv").write_text("customer_id,email\n1,asha.canary@example.com\n2,no canary\n")
    assert run("pseudonymise", "some.csv", *SCOPE, "-o", "out.csv").exit_code == 1
    assert not (project / "out.csv").exists()
    some = run("pseudonymise", "some.csv", *SCOPE, "-o", "out.csv", "--keep-going", "--json")
    assert some.exit_code == 6
    report = json.loads(some.stdout)
    assert (report["written"], report["failed"]) == (1, 1)
    assert report["failures"][0] | {"message": ""} == {
        "row": 2,
        "field": "email",
        "error": "NotIndexable",
        "stage": None,
        "message": "",
    }


def test_a_shifted_date_before_its_subject_comes_back(project: Path, run: Run) -> None:
    (project / "stays.csv").write_text("admitted,discharged,person\n2026-03-01,2026-03-09,7\n2026-03-01,,8\n")
    dates = "date-shift,days=400,subject=person,name=dates"
    rules = ("-c", f"admitted={dates}", "-c", f"discharged={dates}", "-c", "person=siv")
    assert run("pseudonymise", "stays.csv", *SCOPE, *rules, "-o", "out.csv").exit_code == 0
    moved = rows_of(project / "out.csv")
    days = [date.fromisoformat(moved[0][name]) for name in ("admitted", "discharged")]
    assert (days[1] - days[0]).days == 8
    assert moved[0]["admitted"] != moved[1]["admitted"]
    assert run("reidentify", "out.csv", *SCOPE, *rules, *REASON, "-o", "back.csv").exit_code == 0
    assert (project / "back.csv").read_bytes() == (project / "stays.csv").read_bytes()
    lost = run("reidentify", "out.csv", *SCOPE, *rules, "-c", "person=one-way", *REASON, "-o", "x.csv")
    assert lost.exit_code == 3, "the subject does not come back, so neither do its dates"


def test_a_domain_that_was_never_made(project: Path, run: Run) -> None:
    scope = ("--domain", "reserach", "--tenant", "acme", "-c", "customer_id=drop", "-c", "email=siv")
    (project / "some.csv").write_text("customer_id,email\n1,asha.canary@example.com\n")
    refused = run("pseudonymise", "some.csv", *scope, "-o", "out.csv", "--json")
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["error"]["class"] == "DomainUnknown"
    assert not (project / "out.csv").exists()


def test_the_life_of_a_domain(project: Path, run: Run) -> None:
    run("pseudonymise", "customers.jsonl", *SCOPE, "-o", "out.csv")
    rotated = run("domains", "rotate", "research", "--tenant", "acme", *REASON, "--json")
    assert json.loads(rotated.stdout)["version"] == 2
    assert run("domains", "discard", "research", "--tenant", "acme", *REASON, stdin="n\n").exit_code != 0
    done = run("domains", "discard", "research", "--tenant", "acme", *REASON, "--yes", "--json")
    evidence = json.loads(done.stdout)
    assert len(evidence["key_ids"]) == 2
    assert evidence["tokens_erased"] == 3
    assert [event["action"] for event in events(project)[-2:]] == ["discard-domain", "domain-discarded"]
    for command in (("pseudonymise", "customers.jsonl"), ("reidentify", "out.csv", *REASON)):
        refused = run(*command, *SCOPE, "-o", "x.csv", "--json")
        assert refused.exit_code == 1
        assert json.loads(refused.stdout)["error"]["class"] == "DomainDiscarded"
    listed = [json.loads(line) for line in run("domains", "list", "--json").stdout.splitlines()]
    assert {one["domain"]: one["state"] for one in listed} == {"ads": "active", "research": "discarded"}
    assert "research" in run("domains", "list").stdout


def test_domains_are_per_tenant(project: Path, run: Run) -> None:
    assert run("pseudonymise", "customers.jsonl", "--domain", "ads", "-o", "x.csv").exit_code == 2
    other = run("pseudonymise", "customers.jsonl", "--domain", "ads", "--tenant", "globex", "-o", "x.csv")
    assert other.exit_code == 1
    assert "globex/ads" in other.stderr
