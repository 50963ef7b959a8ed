"""Threads: one fetch for many, one winner of a race, and nobody waits for ever."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from plugins.customers import PEOPLE, cipher, customer, person
from plugins.secrecy import found_in, shown_by
from plugins.spied_store import SpiedStore

from fieldvault import Keyrings, RecordCipher, Scope
from fieldvault.errors import KekUnavailable, KeyStoreConflict
from fieldvault.keyring import KeyringPolicy
from fieldvault.keyring.single_flight import SingleFlight
from fieldvault.keystore import MemoryKeyStore
from fieldvault.ports import KeyState
from fieldvault.testing import FakeKek, memory_keyrings

THREADS = 32
FIELDS = Scope("acme", "fields")


def all_at_once(work: Callable[[int], Any], threads: int = THREADS) -> list[Any]:
    """What each thread returned or raised, all of them started at one barrier."""
    barrier = threading.Barrier(threads)

    def one(number: int) -> Any:
        barrier.wait(60)
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(one, number) for number in range(threads)]
    return [future.exception() or future.result() for future in futures]


def waiting(flight: SingleFlight[Any]) -> int:
    """How many threads wait for the flight under way."""
    return sum(len(one._condition._waiters) for one in list(flight._flights.values()))  # type: ignore[attr-defined]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("what the test waits for does not happen")
        time.sleep(0.001)


def while_all_wait(kek: FakeKek, flight: SingleFlight[Any]) -> None:
    """Let the next call to the KEK last until all other threads wait for what it brings."""

    def before_call() -> None:
        kek.before_call = None
        until(lambda: waiting(flight) == THREADS - 1)

    kek.before_call = before_call


def cold(schema: Any = None) -> tuple[RecordCipher, FakeKek, SpiedStore]:
    """A cipher of a process that has just started, over keys that exist, with a KEK that takes its time."""
    kek, store = FakeKek(), SpiedStore()
    warm = memory_keyrings(kek=kek, store=store)
    cipher(keyrings=warm).seal(customer())
    cipher(PEOPLE, warm).seal(person())
    kek.unwrap_calls = 0
    store.calls.clear()
    keyrings = memory_keyrings(kek=kek, store=store)
    return (cipher(keyrings=keyrings) if schema is None else cipher(schema, keyrings)), kek, store


def test_32_threads_that_open_with_a_cold_key_ask_the_kek_once() -> None:
    records, kek, store = cold()
    sealed = cipher(keyrings=memory_keyrings(kek=kek, store=store)).seal_column("country", ["UK"])
    kek.unwrap_calls = 0
    while_all_wait(kek, records.keyring._fetches)
    assert all_at_once(lambda _: records.open_column("country", sealed)) == [["UK"]] * THREADS
    assert kek.unwrap_calls == 1


def test_32_threads_that_seal_with_a_cold_key_ask_the_kek_once() -> None:
    records, kek, _ = cold()
    while_all_wait(kek, records.keyring._primaries)
    sealed = all_at_once(lambda _: records.seal_column("country", ["UK"])[0])
    assert (kek.unwrap_calls, kek.wrap_calls) == (1, 3)
    assert len({one[1:17] for one in sealed}) == 1


def test_32_threads_in_a_new_scope_make_one_key() -> None:
    kek, store = FakeKek(), SpiedStore()
    kek.slow(0.05)
    records = cipher(keyrings=memory_keyrings(kek=kek, store=store))
    sealed = all_at_once(lambda _: records.seal_column("country", ["UK"])[0])
    assert (kek.wrap_calls, kek.unwrap_calls, store.calls["add_primary"]) == (1, 0, 1)
    assert len({one[1:17] for one in sealed}) == 1


def test_32_threads_with_one_cold_person_ask_the_kek_once() -> None:
    records, kek, _ = cold(PEOPLE)
    kek.slow(0.05)
    sealed = all_at_once(lambda _: records.seal_column("country", ["UK"], subjects=["p1"])[0])
    assert kek.unwrap_calls == 1
    assert len({one[1:17] for one in sealed}) == 1


def test_32_threads_with_32_new_persons_each_get_their_own() -> None:
    records, kek, _ = cold(PEOPLE)
    kek.slow(0.02)
    sealed = all_at_once(
        lambda number: records.seal_column("country", ["UK"] * 3, subjects=["p1", "new", f"n{number}"])
    )
    assert kek.unwrap_calls == 1
    assert len({one[0][1:17] for one in sealed}) == len({one[1][1:17] for one in sealed}) == 1
    assert len({one[2][1:17] for one in sealed}) == THREADS


def test_32_threads_that_search_with_cold_index_keys_ask_the_kek_once() -> None:
    records, kek, store = cold()
    cipher(keyrings=memory_keyrings(kek=kek, store=store)).index_keyring.add_index_key()
    kek.unwrap_calls = 0
    kek.slow(0.05)
    found = all_at_once(lambda _: records.index_values("email", "a@b.example"))
    assert kek.unwrap_calls == 1
    assert found == [found[0]] * THREADS
    assert len(found[0]) == 2


def test_a_failure_is_shared_and_the_kek_is_asked_once() -> None:
    records, kek, store = cold()
    sealed = cipher(keyrings=memory_keyrings(kek=kek, store=store)).seal_column("country", ["UK"])
    kek.unwrap_calls = 0
    while_all_wait(kek, records.keyring._fetches)
    kek.fail_with(KekUnavailable("sealed", hint="unseal it"))
    errors = all_at_once(lambda _: records.open_column("country", sealed))
    assert [(type(error), str(error)) for error in errors] == [(KekUnavailable, "sealed (unseal it)")] * THREADS
    assert kek.unwrap_calls == 1
    assert len({id(error) for error in errors}) == THREADS, "a shared error mixes the frames of many threads"
    kek.fail_with(None)
    assert records.open_column("country", sealed) == ["UK"]


def test_a_shared_failure_shows_no_value_of_any_thread() -> None:
    records, kek, _ = cold()
    while_all_wait(kek, records.keyring._primaries)
    kek.fail_with(KekUnavailable("sealed"))
    canaries = [f"canary-of-thread-{number:02}" for number in range(THREADS)]
    shown: list[str] = []

    def one(number: int) -> None:
        try:
            records.seal({"id": number, "iban": canaries[number]})
        except KekUnavailable as error:
            shown.append(shown_by(error))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        assert all_at_once(one) == [None] * THREADS
    finally:
        sys.setswitchinterval(interval)
    assert len(shown) == THREADS
    assert found_in("\n".join(shown), canaries) == []


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
def test_a_leader_that_is_cut_short_leaves_nobody_waiting(interrupt: type[BaseException]) -> None:
    records, kek, store = cold()
    sealed = cipher(keyrings=memory_keyrings(kek=kek, store=store)).seal_column("country", ["UK"])
    kek.unwrap_calls = 0
    first = threading.Event()

    def before_call() -> None:
        if not first.is_set():
            first.set()
            until(lambda: waiting(records.keyring._fetches) == THREADS - 1)
            raise interrupt

    kek.before_call = before_call

    outcomes = Counter(map(repr, all_at_once(lambda _: records.open_column("country", sealed))))
    assert outcomes == {repr(["UK"]): THREADS - 1, repr(interrupt()): 1}
    assert kek.unwrap_calls == 2


@pytest.fixture
def ctrl_c() -> Iterator[Callable[[], None]]:
    """Ctrl-C in the main thread, also where the tests run in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_while_waiting_for_another_thread_leaves_the_leader_alone(ctrl_c: Callable[[], None]) -> None:
    records, kek, store = cold()
    sealed = cipher(keyrings=memory_keyrings(kek=kek, store=store)).seal_column("country", ["UK"])
    release = threading.Event()
    kek.before_call = lambda: until(release.is_set)

    def interrupt() -> None:
        until(lambda: waiting(records.keyring._fetches) == 1)
        ctrl_c()

    with ThreadPoolExecutor(2) as pool:
        leader = pool.submit(records.open_column, "country", sealed)
        until(lambda: kek.unwrap_calls > 0)
        pool.submit(interrupt)
        with pytest.raises(KeyboardInterrupt):
            records.open_column("country", sealed)
        release.set()
        assert leader.result(60) == ["UK"]
    assert records.open_column("country", sealed) == ["UK"]


class Together(MemoryKeyStore):
    """The first eight reads of the data keys return at the same moment."""

    def __init__(self) -> None:
        super().__init__()
        self.barrier: threading.Barrier | None = None
        self.left = threading.Semaphore(8)

    def data_keys(self, scope: Scope) -> Any:
        records = super().data_keys(scope)
        if self.barrier is not None and self.left.acquire(blocking=False):
            self.barrier.wait(60)
        return records


def test_eight_who_rotate_the_same_key_at_once_make_one_new_version() -> None:
    kek, store = FakeKek(), Together()
    keyrings = [Keyrings(kek, store).keyring(FIELDS) for _ in range(8)]  # eight processes, as far as they know
    old = keyrings[0].primary(uses=1).key_id
    store.barrier = threading.Barrier(8)
    keys = all_at_once(lambda number: keyrings[number].rotate(), threads=8)
    assert {key.key_id for key in keys} == {store.data_keys(FIELDS)[-1].key_id}
    assert [(key.version, key.state) for key in store.data_keys(FIELDS)] == [
        (1, KeyState.DECRYPT_ONLY),
        (2, KeyState.ACTIVE),
    ]
    assert old == store.data_keys(FIELDS)[0].key_id


@pytest.mark.parametrize("processes", [1, 8])
def test_eight_who_rotate_without_order_make_one_version_each_winner(processes: int) -> None:
    kek, store = FakeKek(), MemoryKeyStore()
    shared = [Keyrings(kek, store).keyring(FIELDS) for _ in range(processes)]
    first = shared[0].primary(uses=1).key_id
    for _ in range(5):
        keys = all_at_once(lambda number: shared[number % processes].rotate(), threads=8)
        assert [key for key in keys if isinstance(key, Exception)] == []
    found = store.data_keys(FIELDS)
    assert [key.version for key in found] == list(range(1, len(found) + 1))
    assert [key.state for key in found].count(KeyState.ACTIVE) == 1
    assert found[-1].state is KeyState.ACTIVE
    assert found[0].key_id == first
    assert 2 <= len(found) <= 41
    for keyring in shared:
        assert {key.key_id for key in keys} <= {key.key_id for key in found}
        keyring.primary(uses=1)


def test_eight_threads_never_exceed_the_hard_limit() -> None:
    store = MemoryKeyStore()
    policy = KeyringPolicy(lease=7, rotate_at=40, refuse_at=50)
    records = cipher(keyrings=memory_keyrings(store=store, policy=policy))

    def seal(number: int) -> list[bytes]:
        keys: list[bytes] = []
        for batch in range(60):
            while True:
                try:
                    sealed = records.seal_column("country", ["UK"] * (1 + (number + batch) % 5))
                    break
                except KeyStoreConflict:
                    continue
            keys += [one[1:17] for one in sealed]
        return keys

    used = Counter(key for keys in all_at_once(seal, threads=8) for key in keys)
    leased = {key.key_id: key.uses for key in store.data_keys(FIELDS)}
    assert sum(used.values()) == sum(1 + (number + batch) % 5 for number in range(8) for batch in range(60))
    assert max(leased.values()) <= 50
    assert [key for key in used if used[key] > leased[key]] == []


def test_readers_and_writers_while_keys_rotate_and_expire() -> None:
    kek, store = FakeKek(), MemoryKeyStore()
    policy = KeyringPolicy(cache_seconds=0.002, lease=50, rotate_at=200, refuse_at=1000, cache_keys=2)
    keyrings = [memory_keyrings(kek=kek, store=store, policy=policy) for _ in range(2)]

    def work(number: int) -> bool:
        records = cipher(keyrings=keyrings[number % 2])
        people = cipher(PEOPLE, keyrings[number % 2])
        for round_ in range(15):
            given = [customer(round_ * 10 + at) for at in range(5)]
            assert records.open_many(records.seal_many(given)) == given
            crowd = [person(round_ * 10 + at) for at in range(5)]
            assert people.open_many(people.seal_many(crowd)) == crowd
            if round_ % 5 == number % 5:
                records.keyring.rotate()
        return True

    assert all_at_once(work, threads=8) == [True] * 8
