"""An audit log over an in-memory key store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fieldvault.audit import ChainedAudit, Verification, verify
from fieldvault.audit.checkpoint import Checkpoint
from fieldvault.core.context import Scope
from fieldvault.keyring import AUDIT_PURPOSE, Keyring, Keyrings
from fieldvault.keystore import MemoryKeyStore
from fieldvault.ports import AuditEvent
from fieldvault.testing import FakeKek

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class Log:
    """A log with its parts."""

    path: Path
    store: MemoryKeyStore
    keyring: Keyring
    name: str = "audit"

    def audit(self) -> ChainedAudit:
        return ChainedAudit(self.path, name=self.name, keyring=self.keyring, heads=self.store)

    def record(self, *numbers: int) -> None:
        for number in numbers:
            self.audit().record(event(number))

    def verify(self, *checkpoints: Checkpoint) -> Verification:
        head = self.store.audit_head(self.name)
        return verify(self.path, name=self.name, keyring=self.keyring, head=head, checkpoints=checkpoints)

    def lines(self) -> list[bytes]:
        return self.path.read_bytes().splitlines(keepends=True)

    def problems(self, *checkpoints: Checkpoint) -> list[tuple[str, int | None]]:
        return [(one.problem.value, one.line) for one in self.verify(*checkpoints).findings]


def event(number: int) -> AuditEvent:
    return AuditEvent("reveal", MOMENT, "acme", "ann", f"ticket {number}", {"number": number})


@pytest.fixture
def make_log(tmp_path: Path) -> Callable[..., Log]:
    def make(name: str = "audit") -> Log:
        store = MemoryKeyStore()
        store.create()
        keyring = Keyrings(FakeKek(), store).keyring(Scope(None, AUDIT_PURPOSE))
        return Log(tmp_path / f"{name}.jsonl", store, keyring, name)

    return make


@pytest.fixture
def log(make_log: Callable[..., Log]) -> Log:
    """Five entries."""
    log = make_log()
    log.record(1, 2, 3, 4, 5)
    return log
