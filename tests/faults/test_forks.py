"""Forked children of a warm parent: no nonce twice, no lease twice, nobody waits for a lock of the dead.

Leases are counted in a real SQLite key store, which all processes share. `FIELDVAULT_LONG_FAULTS=1` seals ten times
as many fields.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from plugins.customers import CUSTOMERS, PEOPLE, cipher, customer, person

from fieldvault import Keyrings, RecordCipher, Scope
from fieldvault.errors import KekUnavailable, KeyStoreConflict
from fieldvault.keyring import KeyringPolicy
from fieldvault.keystore import MemoryKeyStore, SqlKeyStore
from fieldvault.testing import FakeKek, memory_keyrings

CHILDREN = 16
LONG = os.environ.get("FIELDVAULT_LONG_FAULTS") == "1"
FIELDS_EACH = 1_000_000 if LONG else 100_000
BATCH = 10_000
SCOPE = Scope("acme", "fields")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlKeyStore]:
    with SqlKeyStore(f"sqlite:///{tmp_path / 'keys.db'}", timeout=60) as opened:
        opened.create()
        yield opened


def fork(work: Callable[[], object], seconds: int = 120) -> int:
    """The child's process id. It exits 0 if `work` is done, and is killed by a signal if it hangs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: forking with threads is what we test
        pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(seconds)
            work()
            status = 0
        finally:
            os._exit(status)
    return pid


def exit_codes(children: list[int]) -> list[int]:
    """0 for a child that is done, 1 for one that failed, negative for the signal that killed it."""
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def warm(store: SqlKeyStore, **policy: Any) -> RecordCipher:
    records = cipher(keyrings=memory_keyrings(store=store, policy=KeyringPolicy(**policy)))
    records.seal_column("country", ["UK"])
    return records


def test_16_children_of_a_warm_parent_repeat_no_nonce_and_no_lease(store: SqlKeyStore, tmp_path: Path) -> None:
    lease = 30_000
    records = warm(store, lease=lease)
    reading, writing = os.pipe()

    def seal(number: int) -> None:
        os.close(writing)
        os.read(reading, 1)  # until the parent closes its end: all of them start from one state, at one moment
        with (tmp_path / f"nonces-{number}").open("wb") as nonces:
            for _ in range(FIELDS_EACH // BATCH):
                sealed = records.seal_column("country", ["UK"] * BATCH)
                nonces.write(b"".join([one[17:29] for one in sealed]))
        assert records.open_column("country", sealed[:10]) == ["UK"] * 10

    gc.freeze()  # what children do not collect, they do not copy
    children = [fork(lambda number=number: seal(number), 600) for number in range(CHILDREN)]  # type: ignore[misc]
    os.close(writing)
    assert exit_codes(children) == [0] * CHILDREN
    os.close(reading)
    gc.unfreeze()

    drawn = b"".join((tmp_path / f"nonces-{number}").read_bytes() for number in range(CHILDREN))
    assert len(drawn) == CHILDREN * FIELDS_EACH * 12
    # By their first bits, so that no more than a part is in memory as objects.
    distinct = 0
    for bits in range(0, 256, 32):
        distinct += len({n for at in range(0, len(drawn), 12) if bits <= (n := drawn[at : at + 12])[0] < bits + 32})
    assert distinct == CHILDREN * FIELDS_EACH

    # The parent leased one block. Each child leased its own blocks, all that it needed, of the one key.
    [key] = store.data_keys(SCOPE)
    assert key.uses == lease + CHILDREN * lease * -(-FIELDS_EACH // lease)


def test_children_and_parent_go_on_with_what_was_warm(store: SqlKeyStore) -> None:
    kek = FakeKek()
    records, people = (cipher(one, memory_keyrings(kek=kek, store=store)) for one in (CUSTOMERS, PEOPLE))
    sealed, whose = records.seal(customer()), people.seal(person())
    kek.fail_with(KekUnavailable("sealed"))

    def work() -> None:
        assert records.open(sealed) == customer()
        assert people.open(whose) == person()
        assert records.open(records.seal(customer(2))) == customer(2)
        assert people.open(people.seal(person())) == person()
        assert records.index_values("email", customer()["email"]) == [sealed["email_index"]]

    assert exit_codes([fork(work) for _ in range(4)]) == [0] * 4
    work()


def test_a_grandchild_leases_for_itself_too(store: SqlKeyStore) -> None:
    records = warm(store, lease=100)

    def child() -> None:
        records.seal_column("country", ["UK"])
        assert exit_codes([fork(lambda: records.seal_column("country", ["UK"]))]) == [0]
        records.seal_column("country", ["UK"])

    assert exit_codes([fork(child)]) == [0]
    records.seal_column("country", ["UK"])
    assert [key.uses for key in store.data_keys(SCOPE)] == [300]


def test_four_processes_of_eight_threads_never_exceed_the_hard_limit(store: SqlKeyStore, tmp_path: Path) -> None:
    records = warm(store, lease=7, rotate_at=40, refuse_at=50)

    def seal(number: int, thread: int, used: list[bytes]) -> None:
        for batch in range(12):
            while True:
                try:
                    sealed = records.seal_column("country", ["UK"] * (1 + (number + thread + batch) % 5))
                    break
                except KeyStoreConflict:
                    continue  # others were first eight times in a row: try again, as the hint says
            used += [one[1:17] for one in sealed]

    def process(number: int) -> None:
        used: list[bytes] = []
        threads = [threading.Thread(target=seal, args=(number, thread, used)) for thread in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        (tmp_path / f"keys-{number}").write_bytes(b"".join(used))

    assert exit_codes([fork(lambda number=number: process(number)) for number in range(4)]) == [0] * 4  # type: ignore[misc]
    drawn = b"".join((tmp_path / f"keys-{number}").read_bytes() for number in range(4))
    used = Counter(drawn[at : at + 16] for at in range(0, len(drawn), 16))
    leased = {key.key_id: key.uses for key in store.data_keys(SCOPE)}
    assert sum(used.values()) == sum(1 + (n + t + b) % 5 for n in range(4) for t in range(8) for b in range(12))
    assert max(leased.values()) <= 50
    assert [key for key in used if used[key] > leased[key]] == []
    versions = [key.version for key in store.data_keys(SCOPE)]
    assert versions == list(range(1, len(versions) + 1))


# --- locks ------------------------------------------------------------------------------------


def locks_of(records: RecordCipher, keyrings: Keyrings) -> dict[str, Any]:
    keyring = records.keyring
    return {
        "keyrings": keyrings,
        "data key cache": keyring._cache,
        "subject key cache": keyring._subject_cache,
        "leases": keyring._leases,
        "fetches": keyring._fetches,
        "primaries": keyring._primaries,
        "subjects": keyring._subjects._flight,  # type: ignore[union-attr]
        "wrapping leases": keyring._subjects._wrapping._leases,  # type: ignore[union-attr]
        "index fetches": records.index_keyring._fetches,
        "key store": keyrings.store,
        "kek": keyrings.kek,
    }


@pytest.mark.parametrize("which", sorted(locks_of(cipher(PEOPLE, keyrings := memory_keyrings()), keyrings)))
def test_a_lock_that_a_thread_of_the_parent_held_is_free_in_the_child(which: str) -> None:
    keyrings = memory_keyrings(store=MemoryKeyStore())
    records = cipher(PEOPLE, keyrings)
    sealed = records.seal(person())
    held = locks_of(records, keyrings)[which]._lock

    def work() -> None:
        assert cipher(PEOPLE, keyrings).open(sealed) == person()
        assert records.open(records.seal(person(2))) == person(2)
        cipher(PEOPLE, keyrings, tenant="new").seal(person())
        cipher(keyrings=keyrings).index_values("email", "a@b.example")
        records.keyring.rotate()

    with held:  # another thread of the parent, as far as the child can tell
        child = fork(work, 20)
    assert exit_codes([child]) == [0]


def test_a_fetch_under_way_in_the_parent_does_not_keep_the_child_waiting() -> None:
    kek, store = FakeKek(), MemoryKeyStore()
    sealed = cipher(keyrings=memory_keyrings(kek=kek, store=store)).seal(customer())
    records = cipher(keyrings=memory_keyrings(kek=kek, store=store))
    asked, release = threading.Event(), threading.Event()

    def before_call() -> None:
        if threading.current_thread() is leader:
            asked.set()
            release.wait(60)

    opened: list[Any] = []
    leader = threading.Thread(target=lambda: opened.append(records.open(sealed)))
    kek.before_call = before_call
    leader.start()
    assert asked.wait(60)
    children = [fork(lambda: records.open(sealed), 20) for _ in range(3)]
    codes = exit_codes(children)
    release.set()
    leader.join()
    assert codes == [0] * 3
    assert opened == [customer()]


def test_forks_in_the_middle_of_everything() -> None:
    keyrings = memory_keyrings(policy=KeyringPolicy(cache_seconds=0.001, lease=10, rotate_at=1000, refuse_at=2000))
    stop = threading.Event()
    failures: list[BaseException] = []

    def busy(number: int) -> None:
        records, people = cipher(keyrings=keyrings), cipher(PEOPLE, keyrings)
        try:
            while not stop.is_set():
                records.open(records.seal(customer(number)))
                people.open(people.seal(person(number)))
                number += 4
        except KeyStoreConflict:
            pass
        except BaseException as error:
            failures.append(error)
            raise

    def work() -> None:
        records, people = cipher(keyrings=keyrings), cipher(PEOPLE, keyrings)
        assert records.open(records.seal(customer())) == customer()
        assert people.open(people.seal(person())) == person()

    threads = [threading.Thread(target=busy, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    try:
        children = []
        for _ in range(60 if LONG else 20):
            children.append(fork(work, 20))
            time.sleep(0.005)
        assert exit_codes(children) == [0] * len(children)
    finally:
        stop.set()
        for one in threads:
            one.join()
    assert failures == []
