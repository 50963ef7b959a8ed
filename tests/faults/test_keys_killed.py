"""Runs of `fieldvault.rotation.keys` that are killed in the middle, and eight at once: no key is lost or doubled.

The runs are processes of their own over one SQLite file and a local KEK, ended by SIGKILL at a random moment.
"""

from __future__ import annotations

import base64
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from plugins.customers import CUSTOMERS, PEOPLE, customer, person
from plugins.keystore_kit import in_children, outcome
from plugins.versioned_kek import VersionedFakeKek

from fieldvault import Keyrings, RecordCipher, Scope
from fieldvault.errors import RotationUnderWay
from fieldvault.kek.local import Environment, LocalKek, ProtectionKey
from fieldvault.kek.several import SeveralKeks
from fieldvault.keyring import KeyringPolicy
from fieldvault.keyring.clock import SystemClock
from fieldvault.keystore import SqlKeyStore
from fieldvault.ports import KekProvider, KeyState
from fieldvault.rotation.keys import KeyOperations, RotateOutcome, RotateResult

pytestmark = pytest.mark.filterwarnings("ignore::fieldvault.kek.local.LocalKekWarning")

KILLS = 8
TENANTS, PERSONS = 500, 1500
POLICY = KeyringPolicy(cache_seconds=0.01)

RUN = """
import sys
from fieldvault import Keyrings
from fieldvault.kek.local import Environment, LocalKek, ProtectionKey
from fieldvault.kek.several import SeveralKeks
from fieldvault.keyring import KeyringPolicy
from fieldvault.keystore import SqlKeyStore
from fieldvault.rotation.keys import KeyOperations

what, url, old, new = sys.argv[1:]
keks = [LocalKek.open(one, ProtectionKey(Environment("RUN_KEK"))) for one in (old, new)]
keyrings = Keyrings(SeveralKeks(*keks), SqlKeyStore(url, timeout=60), policy=KeyringPolicy(cache_seconds=0.01))

def say(progress):
    sys.stdout.write(f"{progress.done}\\n")
    sys.stdout.flush()

operations = KeyOperations(keyrings, slowest_write=0, lock_seconds=0.01, on_progress=say)
if what == "move":
    operations.move(keks[1])
else:
    operations.resume_rotation("acme", batch=50)
"""


class Yesterday(SystemClock):
    """So that the keys that are made by it are old enough to be rotated."""

    def now(self) -> datetime:
        return super().now() - timedelta(days=1)


@pytest.fixture
def keks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[LocalKek]:
    monkeypatch.setenv("RUN_KEK", base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode())
    return [LocalKek.create(tmp_path / name, ProtectionKey(Environment("RUN_KEK"))) for name in ("old", "new")]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlKeyStore]:
    with SqlKeyStore(f"sqlite:///{tmp_path}/keys.db", timeout=60) as store:
        store.create()
        yield store


def kill_in_the_middle(what: str, tmp_path: Path, at: random.Random) -> bool:
    """Whether the run was still at work when it was killed."""
    arguments = [what, f"sqlite:///{tmp_path}/keys.db", str(tmp_path / "old"), str(tmp_path / "new")]
    command = [sys.executable, "-W", "ignore", "-c", RUN, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        began = run.stdout.readline()
        time.sleep(at.random() / 100)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        return bool(began) and run.returncode == -signal.SIGKILL


def test_a_move_between_keks_that_is_killed(tmp_path: Path, keks: list[LocalKek], store: SqlKeyStore) -> None:
    old, new = keks
    both = SeveralKeks(old, new)
    makers = Keyrings(old, store)
    made = {makers.keyring(Scope(f"t{n}", "fields")).primary(uses=0).key_id for n in range(TENANTS)}
    at, killed = random.Random(11), 0
    for _ in range(KILLS):
        killed += kill_in_the_middle("move", tmp_path, at)
        records = store.data_keys_after(None, TENANTS + 1)
        assert {record.key_id for record in records} == made
        named = Counter(record.kek for record in records)
        assert set(named) <= {old.name, new.name}
        for kek in keks:  # every wrapped key is opened by the KEK that it names, whatever moment it was
            wrapped = [record.wrapped or b"" for record in records if record.kek == kek.name]
            assert all(isinstance(one, bytes) for one in kek.unwrap(wrapped))
    assert killed
    operations = KeyOperations(Keyrings(both, store), lock_seconds=0.01)
    time.sleep(0.02)
    result = operations.move(new)
    assert result.done + result.already == TENANTS
    final = Keyrings(new, store)
    assert {final.keyring(Scope(f"t{n}", "fields")).primary(uses=0).key_id for n in range(TENANTS)} == made


def test_a_rotation_of_subject_keys_that_is_killed(
    tmp_path: Path, keks: list[LocalKek], store: SqlKeyStore
) -> None:
    both = SeveralKeks(*keks)
    process = Keyrings(both, store, policy=POLICY)
    people = RecordCipher(PEOPLE, process, tenant="acme")
    sealed = people.seal_many([person(number) for number in range(PERSONS)])
    process.keyring(Scope("acme", "subjects")).rotate()
    old, new = (record.key_id for record in store.data_keys(Scope("acme", "subjects")))
    at, left, killed = random.Random(5), [PERSONS], 0
    for _ in range(KILLS):
        killed += kill_in_the_middle("resume", tmp_path, at)
        counted = store.count_subject_keys_under([old, new])
        assert sum(counted.values()) == PERSONS
        left.append(counted.get(old, 0))
        assert left[-1] <= left[-2]
    assert killed
    time.sleep(0.02)
    operations = KeyOperations(Keyrings(both, store, policy=POLICY), slowest_write=0, lock_seconds=0.01)
    assert operations.resume_rotation("acme").done == left[-1]
    time.sleep(0.02)
    operations.retire(old)
    opened = RecordCipher(PEOPLE, Keyrings(both, store), tenant="acme").open_many(sealed)
    assert opened == [person(number) for number in range(PERSONS)]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_eight_rotators_at_once_make_one_new_primary(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = (
        f"sqlite:///{tmp_path}/keys.db" if database == "sqlite" else request.getfixturevalue("postgresql_database")
    )
    kek: KekProvider = VersionedFakeKek()
    with SqlKeyStore(url, timeout=60) as store:
        store.create()
        process = Keyrings(kek, store, clock=Yesterday())
        rows = RecordCipher(CUSTOMERS, process, tenant="acme").seal_many([customer(n) for n in range(3)])
        people = RecordCipher(PEOPLE, process, tenant="acme").seal_many([person(n) for n in range(30)])
        [before] = store.data_keys(Scope("acme", "fields"))

        def rotate(_: int) -> str:
            operations = KeyOperations(Keyrings(kek, store))
            found = outcome(lambda: operations.rotate("acme"))
            if not isinstance(found, RotateResult):
                return str(found.__name__)
            return ",".join(sorted(one.outcome.value for one in found.scopes))

        ended = Counter(in_children(rotate))
        rotated = ",".join([RotateOutcome.ROTATED.value] * 2)
        young = ",".join([RotateOutcome.TOO_YOUNG.value] * 2)
        assert ended[rotated] == 1
        assert set(ended) <= {rotated, young, RotationUnderWay.__name__}
        for purpose in ("fields", "subjects"):
            states = [record.state for record in store.data_keys(Scope("acme", purpose))]
            assert states == [KeyState.DECRYPT_ONLY, KeyState.ACTIVE]
        assert store.data_keys(Scope("acme", "fields"))[0].key_id == before.key_id
        fresh = Keyrings(kek, store)
        assert RecordCipher(CUSTOMERS, fresh, tenant="acme").open_many(rows)[0] == customer(0)
        assert len(RecordCipher(PEOPLE, fresh, tenant="acme").open_many(people)) == 30
