"""Every edit of the log shows; a killed writer is caught up with; evidence is not written over."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.audit.conftest import Log, event

from fieldvault.audit import ChainedAudit, checkpoint
from fieldvault.core.audit import parse_line
from fieldvault.errors import AuditError
from fieldvault.ports import AuditEvent, AuditHead


def test_what_was_recorded_verifies(log: Log) -> None:
    verified = log.verify()
    assert (verified.ok, verified.entries) == (True, 5)
    assert [json.loads(line)["event"]["details"]["number"] for line in log.lines()] == [1, 2, 3, 4, 5]
    assert log.path.stat().st_mode & 0o777 == 0o600


def test_the_log_goes_on_under_a_new_audit_key(log: Log) -> None:
    log.keyring.rotate()
    log.record(6)
    keys = [json.loads(line)["key"] for line in log.lines()]
    assert len(set(keys)) == 2
    assert log.verify().ok


def edited(line: bytes, **changes: object) -> bytes:
    content = json.loads(line)
    content["event"] |= changes
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode() + b"\n"


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda lines: [*lines[:2], edited(lines[2], actor="bob"), *lines[3:]], [("altered", 3)]),
        (lambda lines: [*lines[:2], *lines[3:]], [("moved", 3)]),
        (lambda lines: lines[1:], [("moved", 1)]),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], [("moved", 2), ("moved", 3), ("moved", 4)]),
        (lambda lines: [*lines[:2], lines[1], *lines[2:]], [("moved", 3)]),
        (lambda lines: lines[:4], [("truncated", None)]),
        (lambda lines: [], [("truncated", None)]),
        (lambda lines: [*lines[:4], lines[4][:-1]], [("torn", 5), ("truncated", None)]),
        (
            lambda lines: [*lines[:2], lines[2].replace(b'"seq":3', b'"seq": 3'), *lines[3:]],
            [("malformed", 3), ("moved", 4)],
        ),
        (lambda lines: [*lines, b"{}\n"], [("malformed", 6)]),
        (lambda lines: [*lines[:4], b"\n", lines[4]], [("malformed", 5)]),
    ],
    ids=[
        "edit",
        "remove",
        "remove-first",
        "reorder",
        "repeat",
        "cut",
        "empty",
        "tear",
        "respell",
        "append",
        "blank-line",
    ],
)
def test_an_edit_is_found_at_its_line(log: Log, edit: object, expected: list[tuple[str, int | None]]) -> None:
    log.path.write_bytes(b"".join(edit(log.lines())))  # type: ignore[operator]
    assert log.problems() == expected


def test_any_changed_byte_is_found(log: Log) -> None:
    whole = log.path.read_bytes()
    for at in range(len(whole)):
        log.path.write_bytes(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
        assert not log.verify().ok, at


def test_an_entry_of_another_log_is_foreign(log: Log, make_log: object) -> None:
    other = Log(log.path.with_name("other.jsonl"), log.store, log.keyring, "other")
    other.record(1)
    log.path.write_bytes(b"".join([*log.lines()[:4], *other.lines(), log.lines()[4]]))
    assert log.problems() == [("foreign", 5)]


def test_an_entry_under_a_key_that_is_gone_is_said(log: Log) -> None:
    log.keyring.destroy(bytes.fromhex(json.loads(log.lines()[0])["key"]))
    assert log.problems()[0] == ("unknown-key", 1)


def test_a_head_that_was_put_back_with_the_log_is_found_by_a_checkpoint(log: Log) -> None:
    head = log.store.audit_head("audit")
    assert head is not None
    kept = checkpoint(head, at=event(1).at)
    entry = parse_line(log.lines()[2][:-1])
    assert entry is not None
    log.path.write_bytes(b"".join(log.lines()[:3]))
    log.store.put_audit_head(AuditHead("audit", 3, entry.mac), replaces=5)
    assert log.verify().ok
    assert log.problems(kept) == [("truncated", None)]
    log.record(6, 7)
    assert log.problems(kept) == [("replaced", 5)]


@pytest.mark.parametrize("lost", [0, 1], ids=["tail-cut", "last-replaced"])
def test_a_writer_refuses_a_log_that_does_not_fit_its_head(log: Log, lost: int) -> None:
    lines = log.lines()
    log.path.write_bytes(b"".join([*lines[:4], *[edited(lines[4], actor="bob")][:lost]]))
    before = log.path.read_bytes()
    with pytest.raises(AuditError, match=r"not what its head says"):
        log.record(6)
    assert log.path.read_bytes() == before


def test_a_deleted_log_is_not_begun_anew(log: Log) -> None:
    log.path.unlink()
    with pytest.raises(AuditError):
        log.record(6)


def test_the_next_writer_brings_the_head_of_a_killed_one_up_to_date(log: Log) -> None:
    head = log.store.audit_head("audit")
    log.record(6)
    log.store.put_audit_head(head, replaces=6)  # type: ignore[arg-type]
    assert log.verify().ok  # one entry beyond the head is a writer that was killed
    log.record(7)
    assert log.verify().ok
    assert len(log.lines()) == 7


def test_two_entries_beyond_the_head_are_not_a_killed_writer(log: Log) -> None:
    head = log.store.audit_head("audit")
    log.record(6, 7)
    log.store.put_audit_head(head, replaces=7)  # type: ignore[arg-type]
    assert log.problems() == [("replaced", None)]
    with pytest.raises(AuditError):
        log.record(8)


def test_a_torn_line_is_removed_by_the_next_writer(log: Log) -> None:
    with log.path.open("ab") as file:
        file.write(b'{"event":{"action":"rev')
    assert log.problems() == [("torn", 6)]
    log.record(6)
    assert log.verify().ok


def test_an_event_that_cannot_be_kept_is_refused(log: Log, make_log: object, tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="too long"):
        log.audit().record(AuditEvent("reveal", event(1).at, reason="x" * 40_000))
    with pytest.raises(AuditError, match="texts and integers"):
        log.audit().record(AuditEvent("reveal", event(1).at, details={"share": 0.5}))  # type: ignore[dict-item]
    with pytest.raises(AuditError, match="cannot be opened"):
        ChainedAudit(tmp_path / "no" / "where", name="audit", keyring=log.keyring, heads=log.store).record(event(1))
    assert log.verify().ok


def test_threads_write_one_chain(log: Log) -> None:
    audit = log.audit()
    threads = [threading.Thread(target=lambda: [audit.record(event(9)) for _ in range(20)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verified = log.verify()
    assert (verified.ok, verified.entries) == (True, 165)


@given(st.text(max_size=40), st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=8), max_size=4))
def test_any_text_survives_in_one_line(reason: str, details: dict[str, str | int]) -> None:
    from fieldvault.audit.events import event_object
    from fieldvault.core.audit import AuditKey, entry_line

    key = AuditKey(bytes(32), "00" * 16)
    content = event_object(AuditEvent("reveal", event(1).at, reason=reason, details=details))
    line, entry = entry_line(key, log="audit", seq=1, prev="0" * 64, event=content)
    assert line.count(b"\n") == 1
    parsed = parse_line(line[:-1])
    assert parsed == entry
    assert parsed.is_authentic(key)


@pytest.mark.parametrize(
    "line",
    [b"", b"[]", b"1", b"nan", b'{"event":{}}', b"[" * 100_000, b'{"event":' * 50_000, b"\xff\xfe", b'{"a":1e999}'],
    ids=range(9),
)
def test_a_hostile_line_is_no_entry(line: bytes) -> None:
    assert parse_line(line) is None
