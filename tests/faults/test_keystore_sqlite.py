"""The SQLite key store when its file is locked, gone, full, not a database, or its process is killed."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from plugins.keystore_kit import MOMENT, PII, data_key, refused, subject_key
from sqlalchemy import create_engine, event

from fieldvault.errors import KeyStoreConflict, KeyStoreError, KeyStoreNotReady, KeyStoreUnavailable
from fieldvault.keystore import SqlKeyStore
from fieldvault.ports import KeyState

LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN " + sys.argv[2])
print("locked", flush=True)
sys.stdin.read()
"""

# Replaces the primary for ever; `how` is where it kills itself, or "never".
ROTATOR = """
import os, signal, sys
from dataclasses import replace
from datetime import UTC, datetime
from sqlalchemy import create_engine, event
from fieldvault.core.context import Scope
from fieldvault.keystore import SqlKeyStore
from fieldvault.ports import DataKeyRecord, KeyState
path, how = sys.argv[1:]
engine = create_engine(f"sqlite:///{path}")

@event.listens_for(engine, "before_cursor_execute")
def watch(connection, cursor, statement, *rest):
    if statement.startswith(how):
        os.kill(os.getpid(), signal.SIGKILL)

store = SqlKeyStore(engine)
scope = Scope("acme", "pii")
print("running", flush=True)
while True:
    keys = store.data_keys(scope)
    record = DataKeyRecord(
        key_id=os.urandom(16), scope=scope, version=keys[-1].version + 1, state=KeyState.ACTIVE, kek="k",
        wrapped=os.urandom(60), created_at=datetime.now(UTC),
    )
    store.add_primary(record, replaces=keys[-1].key_id)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder" / "keys.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqlKeyStore]:
    with SqlKeyStore(f"sqlite:///{path}", timeout=0.2) as store:
        store.create()
        store.add_primary(data_key(), replaces=None)
        store.add_subject_keys([subject_key("bob")])
        yield store


CALLS: list[Callable[[SqlKeyStore], Any]] = [
    lambda store: store.add_primary(data_key(version=2), replaces=data_key().key_id),
    lambda store: store.destroy_data_key(data_key().key_id),
    lambda store: store.lease_uses(data_key().key_id, 1, limit=10),
    lambda store: store.add_subject_keys([subject_key("eve")]),
    lambda store: store.shred_subjects(PII, ["bob"], at=MOMENT),
]


def unchanged(store: SqlKeyStore) -> bool:
    return store.data_keys(PII) == [data_key()] and list(store.subject_keys(PII, ["bob", "eve"])) == ["bob"]


# --- Locked ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", CALLS)
def test_a_write_lock_of_another_process_is_an_outage_not_a_conflict(
    store: SqlKeyStore, path: Path, call: Callable[[SqlKeyStore], Any]
) -> None:
    command = [sys.executable, "-c", LOCKER, str(path), "IMMEDIATE"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as locker:
        assert locker.stdout is not None
        assert locker.stdout.readline() == b"locked\n"
        with refused(KeyStoreUnavailable, "bob", "eve"):
            call(store)
        assert unchanged(store), "and readers go on"
        locker.communicate()
    call(store)


def test_an_exclusive_lock_stops_readers_too(store: SqlKeyStore, path: Path) -> None:
    command = [sys.executable, "-c", LOCKER, str(path), "EXCLUSIVE"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as locker:
        assert locker.stdout is not None
        assert locker.stdout.readline() == b"locked\n"
        with refused(KeyStoreUnavailable):
            store.data_keys(PII)
        locker.communicate()
    assert unchanged(store)


def test_a_reader_that_stays_lets_a_commit_fail_whole(store: SqlKeyStore, path: Path) -> None:
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM fieldvault_data_keys").fetchall()
    with refused(KeyStoreUnavailable):
        store.add_primary(data_key(version=2), replaces=data_key().key_id)
    reader.close()
    assert unchanged(store)
    store.add_primary(data_key(version=2), replaces=data_key().key_id)


# --- Gone -----------------------------------------------------------------------------------------


def test_a_deleted_file_is_not_quietly_made_anew(store: SqlKeyStore, path: Path) -> None:
    path.unlink()
    for call in [*CALLS, lambda store: store.scopes()]:
        with refused(KeyStoreNotReady):
            call(store)
    assert not path.exists()


def test_a_vanished_folder(store: SqlKeyStore, path: Path) -> None:
    shutil.rmtree(path.parent)
    with refused(KeyStoreNotReady):
        store.scopes()
    with refused(KeyStoreUnavailable):
        store.create()


def test_a_file_put_back_from_a_backup_is_the_one_that_is_used(store: SqlKeyStore, path: Path) -> None:
    shutil.copy(path, path.with_suffix(".backup"))
    store.add_primary(data_key(version=2), replaces=data_key().key_id)
    path.with_suffix(".backup").replace(path)
    assert unchanged(store)


@pytest.mark.parametrize("content", [b"", b"this is not a database, " * 100])
def test_a_file_that_is_not_a_key_store(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with SqlKeyStore(f"sqlite:///{path}") as store, pytest.raises(KeyStoreError) as caught:
        store.scopes()
    assert type(caught.value) is (KeyStoreError if content else KeyStoreNotReady)
    assert path.read_bytes() == content


def test_a_file_cut_short_is_an_error_of_ours(store: SqlKeyStore, path: Path) -> None:
    store.add_subject_keys([subject_key(f"subject {number}") for number in range(500)])
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(KeyStoreError) as caught:
        store.subject_keys(PII, [f"subject {number}" for number in range(500)])
    assert not isinstance(caught.value, KeyStoreConflict)
    assert caught.value.__context__ is None


# --- Full -----------------------------------------------------------------------------------------


def test_a_full_disk_is_an_outage_and_leaves_nothing_half_written(store: SqlKeyStore, path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    limit = path.stat().st_size // 4096 + 2

    @event.listens_for(engine, "connect")
    def fill(connection: Any, record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {limit}")

    with SqlKeyStore(engine) as full:
        with refused(KeyStoreUnavailable, "subject"):
            full.add_subject_keys([subject_key(f"subject {number}") for number in range(2000)])
        with refused(KeyStoreUnavailable):
            full.add_primary(data_key(version=2, wrapped=bytes(60_000)), replaces=data_key().key_id)
        assert unchanged(full)
        assert full.subject_keys(PII, [f"subject {number}" for number in range(2000)]) == {}
        assert full.lease_uses(data_key().key_id, 5, limit=5) == 5, "what fits still goes through"
    engine.dispose()


# --- Killed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["UPDATE fieldvault_data_keys", "INSERT INTO fieldvault_data_keys", "COMMIT"])
def test_killed_within_a_rotation_leaves_the_primary_as_it_was(store: SqlKeyStore, path: Path, how: str) -> None:
    killed = subprocess.run([sys.executable, "-c", ROTATOR, str(path), how], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert unchanged(store)
    store.add_primary(data_key(version=2), replaces=data_key().key_id)


def test_killed_anywhere_leaves_one_primary_and_no_gap(store: SqlKeyStore, path: Path) -> None:
    chance = random.Random(4711)
    for _ in range(8):
        command = [sys.executable, "-c", ROTATOR, str(path), "never"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as rotator:
            assert rotator.stdout is not None
            assert rotator.stdout.readline() == b"running\n"
            time.sleep(chance.uniform(0.01, 0.15))
            rotator.kill()
        keys = store.data_keys(PII)
        assert [key.version for key in keys] == list(range(1, len(keys) + 1))
        assert [key.state for key in keys] == [KeyState.DECRYPT_ONLY] * (len(keys) - 1) + [KeyState.ACTIVE]
        assert all(key.wrapped for key in keys)
    assert len(keys) > 1, "the rotator got somewhere"
