"""Writers of one audit log are killed at any moment: the chain stays whole, what was reported as kept is kept."""

from __future__ import annotations

import base64
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fieldvault.audit import verify
from fieldvault.core.context import Scope
from fieldvault.kek.local import Environment, LocalKek, ProtectionKey
from fieldvault.keyring import AUDIT_PURPOSE, Keyrings
from fieldvault.keystore import SqlKeyStore

WRITER = """
import sys
from datetime import UTC, datetime
from fieldvault.audit import ChainedAudit
from fieldvault.core.context import Scope
from fieldvault.keyring import AUDIT_PURPOSE, Keyrings
from fieldvault.keystore import SqlKeyStore
from fieldvault.kek.local import Environment, LocalKek, ProtectionKey
from fieldvault.ports import AuditEvent

log, keys, kek, writer = sys.argv[1:]
store = SqlKeyStore(keys)
local = LocalKek.open(kek, ProtectionKey(Environment("AUDIT_KEK")))
keyring = Keyrings(local, store).keyring(Scope(None, AUDIT_PURPOSE))
audit = ChainedAudit(log, name="audit", keyring=keyring, heads=store)
for number in range(100_000):
    audit.record(AuditEvent("reveal", datetime.now(UTC), reason=f"{writer}-{number}"))
    sys.stdout.write(f"{writer}-{number}\\n")
    sys.stdout.flush()
"""
KILLS = 12


@pytest.mark.filterwarnings("ignore::fieldvault.kek.local.LocalKekWarning")
def test_writers_are_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_KEK", base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode())
    log, keys, kek_file = tmp_path / "audit.jsonl", f"sqlite:///{tmp_path}/keys.db", tmp_path / "kek"
    kek = LocalKek.create(kek_file, ProtectionKey(Environment("AUDIT_KEK")))
    pauses = random.Random(7)
    kept: list[str] = []
    with SqlKeyStore(keys) as store:
        store.create()
        keyring = Keyrings(kek, store).keyring(Scope(None, AUDIT_PURPOSE))
        keyring.primary(uses=0)
        for turn in range(KILLS // 2):
            writers = [started(log, keys, kek_file, f"{turn}{letter}") for letter in "ab"]
            kept += [writer.stdout.readline().strip() for writer in writers]  # they have begun
            time.sleep(pauses.random() / 10)
            for writer in writers:
                writer.send_signal(signal.SIGKILL)
            for writer in writers:
                kept += writer.communicate()[0].split("\n")[:-1]
        found = verify(log, name="audit", keyring=keyring, head=store.audit_head("audit"))
    # What a killed writer had begun may stand at the end without its LF, or beyond the head; nothing else.
    assert all(one.problem == "torn" for one in found.findings)
    text = log.read_text()
    assert len(kept) > KILLS
    assert all(f'"reason":"{one}"' in text for one in kept)


def started(log: Path, keys: str, kek: Path, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "ignore", "-c", WRITER, str(log), keys, str(kek), name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
