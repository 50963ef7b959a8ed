"""`fieldvault passwords`: the whole way of a small table, from MD5 to Argon2id, and on to the deadline."""

from __future__ import annotations

import json
import stat
from datetime import datetime
from pathlib import Path

import pytest
from plugins.passwords_kit import Users, all_verify, forum_row, md5, mixed_rows, password_of

CONFIG = """
[passwords]
url = "sqlite:///app.db"
table = "users"
last_login = "last_login"
profile = { memory_kib = 8, passes = 1, lanes = 1 }

[passwords.scheme.forum]
expression = "md5(md5(password) + salt)"
salt = "salt"
"""


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Users:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fieldvault.toml").write_text(CONFIG)
    people = Users(f"sqlite:///{tmp_path / 'app.db'}")
    people.fill(mixed_rows(30))
    return people


@pytest.fixture
def known(tmp_path: Path) -> Path:
    path = tmp_path / "known.jsonl"
    path.write_text("".join(json.dumps({"id": n, "password": password_of(n)}) + "\n" for n in (1, 2)))
    path.chmod(0o600)
    return path


def lines(result) -> dict:
    return json.loads(result.stdout)


def test_the_whole_way(people, known, run) -> None:
    before = people.stored()
    assert lines(run("passwords", "identify", "--json"))["counts"] == [
        {"state": "legacy", "what": "django-md5", "rows": 10, "dormant": 0},
        {"state": "legacy", "what": "forum", "rows": 20, "dormant": 0},
    ]
    refused = run("passwords", "migrate")
    assert refused.exit_code == 1
    assert "not proved" in refused.stderr
    rehearsed = run("passwords", "migrate", "--dry-run")
    assert rehearsed.exit_code == 1
    assert "30 rows would be wrapped" in rehearsed.stderr
    assert people.stored() == before

    proved = run("passwords", "prove", known)
    assert proved.exit_code == 0, proved.output
    assert "proved: forum: 2 known passwords reproduced" in proved.stderr
    assert run("passwords", "migrate", "--dry-run").exit_code == 0
    assert people.stored() == before

    migrated = run("passwords", "migrate", "--batch", 7, "--threads", 2, "--json")
    assert migrated.exit_code == 0, migrated.output
    assert lines(migrated)["wrapped"] == {"forum": 20, "django-md5": 10}
    assert all_verify(people.stored())
    assert run("passwords", "migrate").exit_code == 0
    report = run("passwords", "report")
    assert report.exit_code == 0
    assert "0 legacy and 30 wrapped of 30 rows in users.password" in report.stderr
    every = "".join(one.output for one in (refused, rehearsed, proved, migrated, report))
    assert "canary" not in every
    assert not [one for one in before.values() if one[-32:] in every]


def test_known_passwords_come_from_stdin_as_well(people, known, run) -> None:
    result = run("passwords", "prove", "-", "--json", stdin=known.read_text())
    assert result.exit_code == 0, result.output
    assert lines(result)["proved"] == {"forum": 2}


def test_known_passwords_that_are_open_to_others_are_warned_about(people, known, run) -> None:
    known.chmod(0o644)
    assert stat.S_IMODE(known.stat().st_mode) == 0o644
    assert "chmod 600" in run("passwords", "prove", known).stderr


def test_a_wrong_password_refutes_and_is_not_shown(people, run) -> None:
    given = (
        '{"id": 1, "password": "canary-wrong"}\n{"id": 3, "password": "canary"}\n{"id": 99, "password": "canary"}\n'
    )
    result = run("passwords", "prove", "-", stdin=given)
    assert result.exit_code == 1
    assert "refuted: line 1: forum" in result.stderr
    assert "refuted: line 2: django-md5" in result.stderr
    assert "line 3: proves nothing (there is no such row)" in result.stderr
    assert "canary" not in result.output


@pytest.mark.parametrize(
    "line",
    [
        '{"id": 1}',
        '{"id": 1, "password": 2}',
        "canary",
        '["canary"]',
        '{"id": {}, "password": "canary"}',
        '{"id": true, "password": "canary"}',
        '{"id": "canary", "password": "canary"}',
        '{"id": [1, 2], "password": "canary"}',
    ],
)
def test_a_line_of_another_form_is_named_by_its_number_only(people, run, line) -> None:
    result = run("passwords", "prove", "-", stdin=line + "\n")
    assert result.exit_code in (1, 3)
    assert "canary" not in result.output


def test_a_password_of_ten_megabytes_is_refused(people, run) -> None:
    result = run("passwords", "prove", "-", stdin=json.dumps({"id": 1, "password": "x" * 10_000_000}))
    assert result.exit_code == 1
    assert "longer than 4096 bytes" in result.stderr


def test_identify_names_suspicious_rows_by_id(people, run) -> None:
    people.fill([{"id": 40, "password": md5("canary")[:30]}, {"id": 41, "password": md5("canary")}])
    result = run("passwords", "identify", "--ids", 5)
    assert "row: 40: hex-wrong-length" in result.stderr
    assert "row: 41: hex-32" in result.stderr
    assert md5("canary")[:30] not in result.output


def test_report_and_expire_at_the_deadline(people, known, run, tmp_path) -> None:
    old, new = datetime(2020, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - as the column has it
    people.fill([forum_row(50) | {"last_login": old}, forum_row(51) | {"last_login": new}])
    (tmp_path / "fieldvault.toml").write_text(CONFIG.replace("last_login =", "deadline = 2026-01-01\nlast_login ="))
    assert run("passwords", "prove", known).exit_code == 0
    assert run("passwords", "migrate").exit_code == 0
    report = run("passwords", "report", "--dormant-days", 365, "--json")
    assert report.exit_code == 1
    assert lines(report)["past_deadline"]
    assert sum(one["dormant"] for one in lines(report)["counts"]) == 31  # all but 51

    counted = run("passwords", "expire", "--before", "2025-01-01", "--json")
    assert lines(counted) == {"written": False, "rows": 1, "kept": 0, "counts": counted_label(1)}
    assert people.stored()[50].startswith("$fvw1$")
    assert run("passwords", "expire", "--before", "2025-01-01", "--yes").exit_code == 0
    assert people.stored()[50].startswith("!")
    assert people.stored()[51].startswith("$fvw1$")
    everybody = run("passwords", "expire", "--before", "2025-01-01", "--never-logged-in", "--yes", "--json")
    assert lines(everybody)["rows"] == 30
    assert run("passwords", "expire", "--before", "soon").exit_code == 2


def counted_label(count: int) -> dict[str, int]:
    return {"wrapped: wrapped:md5(md5(password)+salt)": count}


def test_calibrate_needs_no_file(run, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("passwords", "calibrate", "--target-ms", 60_000, "--memory-mib", 19, "--threads", 1, "--json")
    assert result.exit_code == 0, result.output
    assert [one["profile"] for one in lines(result)["profiles"]][:2] == ["owasp-minimum", "rfc-9106-low-memory"]
    assert lines(result)["declared"] == "profile = { memory_kib = 19456, passes = 16, lanes = 1 }"


def test_a_table_that_is_not_there_and_a_file_without_the_section(people, run, tmp_path) -> None:
    (tmp_path / "fieldvault.toml").write_text(CONFIG.replace('"users"', '"user"'))
    assert "no table user" in run("passwords", "identify").stderr
    (tmp_path / "fieldvault.toml").write_text("[keystore]\n")
    result = run("passwords", "identify")
    assert result.exit_code == 3
    assert "[passwords]" in result.stderr
