"""`plan` and `lint`: what an index will show, and what it shows."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path

import pytest
from cli.conftest import Run

COLUMNS = ["rows", "nulls", "distinct", "share_of_most_frequent", "share_of_ten_most_frequent"]


def index_value(number: int) -> bytes:
    return b"\x01" + hashlib.sha256(str(number).encode()).digest()[:16]


@pytest.fixture
def table(project: Path) -> Path:
    """2,000 rows of 1,500 addresses, one of which has 501 rows; 40 rows have none."""
    values = [index_value(max(number, 500)) for number in range(2_000)] + [None] * 40
    with sqlite3.connect(project / "app.db") as connection:
        connection.execute("CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, email BLOB, email_index BLOB)")
        connection.executemany("INSERT INTO customer (email_index) VALUES (?)", [(value,) for value in values])
    connection.close()
    with (project / "fieldvault.toml").open("a") as config:
        config.write('\n[database]\nurl = "sqlite:///app.db"\n')
    return project


def test_plan_proposes_bits(project: Path, run: Run) -> None:
    result = run("plan", "email", "--values", 1_000_000, "--bits-of-others", 0)
    assert result.exit_code == 0
    assert "index of email: bits=18" in result.stderr
    assert "3.8" in result.stdout


def test_plan_as_json_counts_what_the_schema_declares(project: Path, run: Run) -> None:
    result = run("plan", "email", "--values", 1_000_000, "--json")
    assert json.loads(result.stdout) == {
        "field": "email",
        "values": 1_000_000,
        "bits_of_others": 0,  # the declared index is exact: it has no coincidences to share
        "min_bits": 10,
        "max_bits": 18,
        "bits": 18,
        "exact": False,
        "coincidences": pytest.approx(3.8147, abs=1e-4),
    }


@pytest.mark.parametrize(("values", "word"), [(2, "least is 16"), (200, "--few-values")])
def test_plan_refuses_few_values(project: Path, run: Run, values: int, word: str) -> None:
    result = run("plan", "name", "--values", values)
    assert result.exit_code == 1
    assert word in result.stderr


def test_plan_accepts_few_values_where_told_and_says_what_that_means(project: Path, run: Run) -> None:
    result = run("plan", "name", "--values", 200, "--few-values")
    assert result.exit_code == 0
    assert "exactly which rows are equal" in result.stderr


def test_lint_measures_the_columns_and_needs_no_key(table: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FIELDVAULT_KEK_KEY_FILE")
    result = run("lint", "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    [index] = report["indexes"]
    assert (report["table"], report["warnings"], index["column"], index["bits"]) == (
        "customer",
        1,
        "email_index",
        128,
    )
    assert [index[name] for name in COLUMNS] == [2_000, 40, 1_500, 501 / 2_000, 510 / 2_000]
    assert {one["code"] for one in index["findings"]} == {"heavy-value", "nulls", "exact-equality", "equal-rows"}


def test_lint_shows_a_table_and_sentences(table: Path, run: Run) -> None:
    result = run("lint", "customer")
    assert "25.05%" in result.stdout
    assert "one value has 25.1% of the rows" in result.stdout
    assert "1 index, 1 warning" in result.stderr


def test_a_warning_fails_a_strict_lint(table: Path, run: Run) -> None:
    assert run("lint", "--strict").exit_code == 1
    with sqlite3.connect(table / "app.db") as connection:
        connection.execute("DELETE FROM customer WHERE email_index = ?", [index_value(500)])
    connection.close()
    assert run("lint", "--strict").exit_code == 0


@pytest.mark.parametrize(("name", "start"), [("plot.svg", b"<?xml"), ("plot.png", b"\x89PNG")])
def test_lint_draws(table: Path, run: Run, name: str, start: bytes) -> None:
    assert run("lint", "--plot", name).exit_code == 0
    assert (table / name).read_bytes().startswith(start)


def test_another_kind_of_plot_is_refused(table: Path, run: Run) -> None:
    assert run("lint", "--plot", "plot.txt").exit_code == 3


def test_a_table_that_is_not_there(table: Path, run: Run) -> None:
    result = run("lint", "clients", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["class"] == "TableNotAsDeclared"


def test_a_missing_database_is_said(project: Path, run: Run) -> None:
    result = run("lint")
    assert result.exit_code == 3
    assert "FIELDVAULT_DATABASE_URL" in result.stderr


def test_a_password_in_the_file_is_refused(project: Path, run: Run) -> None:
    with (project / "fieldvault.toml").open("a") as config:
        config.write('\n[database]\nurl = "postgresql://app:canary@db/app"\n')
    result = run("lint")
    assert result.exit_code == 3
    assert "canary" not in result.output
