from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fieldvault.audit import JsonLinesAudit, event_line
from fieldvault.errors import AuditError
from fieldvault.ports import AuditEvent

EVENT = AuditEvent(
    "reveal",
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "acme",
    "ann",
    "call 4711",
    {"fields": 2, "schema": "people"},
)


def test_a_line_is_canonical() -> None:
    assert event_line(EVENT) == (
        b'{"action":"reveal","actor":"ann","at":"2026-01-02T03:04:05.000000+00:00",'
        b'"details":{"fields":2,"schema":"people"},"reason":"call 4711","tenant":"acme"}\n'
    )


def test_a_reason_with_a_newline_stays_one_line() -> None:
    line = event_line(AuditEvent("reveal", EVENT.at, reason='two\nlines "quoted" \u2028'))
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert line.isascii()


def test_events_are_appended_in_order_and_only_for_the_owner(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for number in range(3):
        JsonLinesAudit(path).record(AuditEvent("reveal", EVENT.at, details={"number": number}))
    assert [json.loads(line)["details"]["number"] for line in path.read_text().splitlines()] == [0, 1, 2]
    assert path.stat().st_mode & 0o777 == 0o600


def test_lines_of_many_threads_do_not_mix(tmp_path: Path) -> None:
    audit = JsonLinesAudit(tmp_path / "audit.jsonl")
    threads = [threading.Thread(target=lambda: [audit.record(EVENT) for _ in range(20)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set((tmp_path / "audit.jsonl").read_bytes().splitlines(keepends=True)) == {event_line(EVENT)}


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="cannot be written"):
        JsonLinesAudit(tmp_path / "missing" / "audit.jsonl").record(EVENT)
    with pytest.raises(AuditError):
        JsonLinesAudit("/dev/full").record(EVENT)
