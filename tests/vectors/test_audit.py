"""audit-v1: the same lines, and no others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fieldvault.core.audit import START, AuditKey, entry_line, parse_line
from fieldvault.core.context import Scope
from fieldvault.core.derive import derive_audit_key, derive_key_id

FILE = json.loads((Path(__file__).parent / "audit-v1.json").read_text())


def names(cases: list[dict[str, Any]]) -> list[str]:
    return [case["name"] for case in cases]


def test_the_chain_is_written_line_by_line() -> None:
    prev = START
    for number, case in enumerate(FILE["positive"], start=1):
        raw = bytes.fromhex(case["data_key"])
        key = AuditKey(derive_audit_key(raw, "audit"), derive_key_id(raw, Scope(None, "audit")).hex())
        line, entry = entry_line(key, log="audit", seq=number, prev=prev, event=case["event"])
        assert line == case["line"].encode() + b"\n"
        parsed = parse_line(case["line"].encode())
        assert parsed == entry
        assert parsed.is_authentic(key)
        prev = entry.mac


@pytest.mark.parametrize("case", FILE["negative"], ids=names(FILE["negative"]))
def test_what_is_no_canonical_entry_is_refused(case: dict[str, Any]) -> None:
    assert parse_line(case["line"].encode("utf-8", "surrogatepass")) is None
