"""`demo`: every claim holds on both KEKs, the data is the same each time, and a claim that fails is a failure."""

from __future__ import annotations

import re

from fieldvault.cli.demo.openbao import find_bao
from fieldvault.cli.demo.population import population
from fieldvault.cli.demo.story import Story
from fieldvault.errors import ConfigurationError


def test_claims_hold_with_a_local_kek(run) -> None:
    result = run("demo", "--rows", "200")
    assert result.exit_code == 0, result.stdout
    assert re.search(r"(\d\d) claims checked, 0 did not hold", result.stdout)
    assert "✗" not in result.stdout
    assert "KeyDestroyed" in result.stdout
    assert "\x1b" not in result.output


def test_claims_hold_with_a_real_server(run) -> None:
    try:
        find_bao()
    except ConfigurationError as missing:
        from plugins.services import service_missing

        service_missing(missing.message)
    result = run("demo", "--kek", "vault", "--rows", "200")
    assert result.exit_code == 0, result.output
    assert "3 encrypt and 2 decrypt requests in its audit log" in result.stdout


def test_no_address_or_name_is_shown_whole(run) -> None:
    shown = run("demo", "--rows", "200").stdout
    customers, vendors = population(200)
    for row in customers + vendors:
        assert row["email"] not in shown
        assert row["name"] not in shown
        if len(row["phone"]) > 6:  # Faker has some of three digits, which are in any number
            assert row["phone"] not in shown


def test_files_are_left_only_where_asked(tmp_path, run, monkeypatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "temporary").mkdir()
    kept = tmp_path / "kept"
    assert run("demo", "--rows", "80", "--keep", kept).exit_code == 0
    assert list((tmp_path / "temporary").iterdir()) == []
    assert {"fieldvault.toml", "demo.kek", "demo.kek.key", "keys.db", "masters.db"} <= {
        path.name for path in kept.iterdir()
    }
    monkeypatch.setenv("FIELDVAULT_KEK_KEY_FILE", str(kept / "demo.kek.key"))
    assert run("--config", kept / "fieldvault.toml", "doctor").exit_code == 0
    assert run("demo", "--rows", "80", "--keep", kept).exit_code == 3


def test_claim_that_does_not_hold_fails_the_demo(run, monkeypatch) -> None:
    import fieldvault.cli.demo.refusing as refusing

    monkeypatch.setattr(refusing, "OTHER_TENANT", "acme")  # the same tenant: the row opens
    result = run("demo", "--rows", "80")
    assert result.exit_code == 1
    assert "✗ NOT TRUE: a row read as tenant acme is refused" in result.stdout
    assert "1 did not hold" in result.stdout


def test_data_is_the_same_each_time_and_from_four_countries() -> None:
    first, second = population(120), population(120)
    assert first == second
    for rows in first:
        assert len(rows) == 120
        assert {row["country"] for row in rows} == {"IN", "GB", "JO", "US"}
    assert any(not row["email"].isascii() for row in first[0])


def test_story_counts_what_does_not_hold(capsys) -> None:
    story = Story()
    story.claim("two is two", holds=True)
    story.claim("two is three", holds=False)
    assert (story.claims, story.broken) == (2, 1)
    assert "✗ NOT TRUE: two is three" in capsys.readouterr().out
