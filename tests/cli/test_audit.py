"""`audit`: an untouched log verifies, a touched one does not; a checkpoint tells of a head that was put back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli.conftest import Run

from fieldvault.cli.session import Session
from fieldvault.ports import AuditEvent

pytestmark = pytest.mark.filterwarnings("ignore::fieldvault.kek.local.LocalKekWarning")


@pytest.fixture
def log(project: Path) -> Path:
    """Three events, recorded as the commands record theirs."""
    with (project / "fieldvault.toml").open("a") as config:
        config.write('\n[audit]\nfile = "audit.jsonl"\n')
    with Session(project / "fieldvault.toml") as session:
        audit = session.audit
        assert audit is not None
        for number in range(3):
            audit.record(
                AuditEvent("reveal", datetime.now(UTC), "acme", "ann", f"ticket {number}", {"count": number})
            )
    return project / "audit.jsonl"


def test_an_untouched_log_verifies(log: Path, run: Run) -> None:
    result = run("audit", "verify")
    assert result.exit_code == 0
    assert "3 entries, whole and in order" in result.stderr
    assert json.loads(run("audit", "verify", "--json").stdout) == {
        "ok": True, "log": "audit", "entries": 3, "findings": []
    }  # fmt: skip


def test_an_edit_is_said_by_line(log: Path, run: Run) -> None:
    log.write_text(log.read_text().replace("ticket 1", "ticket 7"))
    result = run("audit", "verify")
    assert result.exit_code == 1
    assert "altered" in result.stdout
    assert json.loads(run("audit", "verify", "--json").stdout)["findings"] == [{"problem": "altered", "line": 2}]


def test_a_cut_is_found_and_a_copy_can_be_verified(log: Path, run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "copy.jsonl"
    copy.write_text("".join(log.read_text().splitlines(keepends=True)[:2]))
    assert run("audit", "verify", "--file", copy).exit_code == 1
    assert run("audit", "verify").exit_code == 0


def test_a_checkpoint_is_one_line_and_holds(log: Path, run: Run, tmp_path: Path) -> None:
    made = run("audit", "checkpoint")
    assert made.exit_code == 0
    assert "not signed" in made.stderr
    assert json.loads(made.stdout)["seq"] == 3
    kept = tmp_path / "kept.json"
    kept.write_text(made.stdout)
    assert run("audit", "verify", "--checkpoint", kept).exit_code == 0
    kept.write_text(made.stdout.replace('"seq":3', '"seq":2'))
    assert run("audit", "verify", "--checkpoint", kept).exit_code == 1
    kept.write_text("{}")
    result = run("audit", "verify", "--checkpoint", kept, "--json")
    assert json.loads(result.stdout)["error"]["class"] == "AuditError"


def test_the_last_events_are_shown(log: Path, run: Run) -> None:
    shown = run("audit", "show", "--last", 2)
    assert "ticket 2" in shown.stdout
    assert "ticket 0" not in shown.stdout
    assert [json.loads(line)["reason"] for line in run("audit", "show", "--json").stdout.splitlines()] == [
        "ticket 0", "ticket 1", "ticket 2"
    ]  # fmt: skip
    assert run("audit", "show", "--action", "shred", "--json").stdout == ""


def test_without_an_audit_log_the_hint_says_how(project: Path, run: Run) -> None:
    result = run("audit", "verify")
    assert result.exit_code == 3
    assert "[audit]" in result.stderr
