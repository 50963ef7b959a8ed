"""The native core under rough handling: threads, forks, Ctrl-C, lists that change, keys to be copied."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from plugins.cores import Core, core_named

from fieldvault.core.context import FieldContext
from fieldvault.core.index import IndexKey
from fieldvault.errors import AuthenticationFailed

CONTEXT = FieldContext("acme", "customers", "email")
RAW, KEY_ID = bytes(range(32)), b"\xaa" * 16
TEXTS = [f"person{number:08}@example.org" for number in range(60_000)]


@pytest.fixture
def both() -> tuple[Core, Core]:
    return core_named("native"), core_named("python")


@pytest.fixture
def fast_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, with the native core. Raises where it fails or takes more than a minute."""
    prelude = """
        import os, signal, sys, threading, time
        import fieldvault_native
        from fieldvault.core import batch
        from fieldvault.core.aead import AeadKey
        from fieldvault.core.context import FieldContext
        assert batch.CORE == "native"
        CONTEXT = FieldContext("acme", "customers", "email")
        KEY = AeadKey(bytes(range(32)), bytes(16))
        KEYS = {KEY.key_id: KEY}
        def opened(sealed):
            return batch.open_many(KEYS, CONTEXT, sealed, None, batch.headers_of(sealed))
    """
    script = textwrap.dedent(prelude) + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "FIELDVAULT_CORE": "native", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# --- threads -----------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_threads_give_what_one_gives(both: tuple[Core, Core], native: Any, threads: int) -> None:
    core, python = both
    key = core.key(RAW, KEY_ID)
    native.set_threads(threads)
    packed = core.pack_texts(2, TEXTS)
    rows = core.row_suffixes([core.pack_ints(3, list(range(len(TEXTS))))])
    sealed = core.seal_many(key, CONTEXT, packed, rows)
    headers = core.headers_of(sealed)
    assert core.open_many({KEY_ID: key}, CONTEXT, sealed, rows, headers) == (core.as_list(packed), {})
    bad = {5, 20_000, 45_000, 59_999}
    for at in bad:
        sealed[at] = sealed[at][:-1] + bytes((sealed[at][-1] ^ 1,))
    opened, failures = core.open_many({KEY_ID: key}, CONTEXT, sealed, rows, headers)
    assert list(failures) == sorted(bad)
    assert all(type(error) is AuthenticationFailed for error in failures.values())
    assert [at for at, one in enumerate(opened) if one is None] == sorted(bad)
    index_key = IndexKey(RAW, version=1, bits=128)
    assert core.index_many(index_key, packed) == python.index_many(index_key, core.as_list(packed))


def test_many_callers_at_once(both: tuple[Core, Core], native: Any, fast_switches: None) -> None:
    core, _ = both
    key = core.key(RAW, KEY_ID)
    native.set_threads(2)
    results: list[Any] = []

    def work(number: int) -> None:
        texts = [f"{number} {text}" for text in TEXTS[:8000]]
        sealed = core.seal_many(key, CONTEXT, core.pack_texts(2, texts), None)
        opened, failures = core.open_packed({KEY_ID: key}, CONTEXT, sealed, None, core.headers_of(sealed))
        results.append(failures == {} and core.unpack_texts(2, opened) == texts)

    callers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert results == [True] * 8


def test_other_threads_run_while_the_ciphers_do(both: tuple[Core, Core]) -> None:
    core, _ = both
    key = core.key(RAW, KEY_ID)
    plaintexts = [os.urandom(1 << 20)] * 64
    sealing, steps = threading.Event(), 0
    done = threading.Event()

    def seal() -> None:
        sealing.set()
        core.seal_many(key, CONTEXT, plaintexts, None)
        done.set()

    sealer = threading.Thread(target=seal)
    sealer.start()
    sealing.wait()
    while not done.is_set():
        steps += 1
    sealer.join()
    # With the GIL held throughout there would be one switch of 5 ms at the end: a few steps, not thousands.
    assert steps > 2000


def test_a_list_that_is_changed_meanwhile_changes_nothing(both: tuple[Core, Core], fast_switches: None) -> None:
    core, _ = both
    key = core.key(RAW, KEY_ID)
    rows = core.as_list(core.row_suffixes([[b"\x02row"] * 3000]))
    stop = threading.Event()
    plaintexts = [b"\x02%d" % number for number in range(3000)]
    sealed = core.seal_many(key, CONTEXT, plaintexts, rows)

    def spoil() -> None:
        while not stop.is_set():
            for column in (plaintexts, sealed, rows):
                column[:] = column[::-1]
                last = column.pop()
                gc.collect(0)
                column.insert(0, last)

    spoiler = threading.Thread(target=spoil)
    spoiler.start()
    try:
        for _ in range(60):
            try:
                core.seal_many(key, CONTEXT, plaintexts, rows)
                core.open_many({KEY_ID: key}, CONTEXT, sealed, rows, core.headers_of(sealed))
            except ValueError:
                pass  # a column was one shorter than the other at that moment, and it was noticed
    finally:
        stop.set()
        spoiler.join()
    opened, failures = core.open_many({KEY_ID: key}, CONTEXT, sealed, rows, core.headers_of(sealed))
    assert failures == {}
    assert sorted(map(bytes, opened)) == sorted(plaintexts)


# --- processes ---------------------------------------------------------------------------------


def test_a_fork_while_threads_seal() -> None:
    done = run(
        """
        fieldvault_native.set_threads(2)
        plaintexts = [b"\\x02%d" % number for number in range(40_000)]
        stop = threading.Event()
        def work():
            while not stop.is_set():
                batch.seal_many(KEY, CONTEXT, plaintexts, None)
        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        children = []
        for _ in range(12):
            time.sleep(0.01)
            child = os.fork()
            if child == 0:
                sealed = batch.seal_many(KEY, CONTEXT, plaintexts, None)
                os._exit(0 if opened(sealed) == (plaintexts, {}) else 1)
            children.append(child)
        codes = [os.waitpid(child, 0)[1] for child in children]
        stop.set()
        for worker in workers:
            worker.join()
        print(codes)
        """
    )
    assert done.stdout.strip() == str([0] * 12), done.stderr


def test_the_interpreter_ends_while_a_daemon_seals() -> None:
    done = run(
        """
        fieldvault_native.set_threads(2)
        plaintexts = [b"\\x02" + bytes(100_000)] * 2000
        started = threading.Event()
        def work():
            started.set()
            while True:
                batch.seal_many(KEY, CONTEXT, plaintexts, None)
        threading.Thread(target=work, daemon=True).start()
        started.wait()
        time.sleep(0.05)
        print("end")
        """
    )
    assert (done.returncode, done.stdout.strip()) == (0, "end"), done.stderr


@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("work", ["seal", "open", "pack"])
def test_ctrl_c_ends_a_long_batch(work: str, threads: str) -> None:
    done = run(
        f"""
        sealed = batch.seal_many(KEY, CONTEXT, [b"\\x02" + bytes(50_000)], None)
        long = {{
            "seal": lambda: batch.seal_many(KEY, CONTEXT, [b"\\x02" + bytes(50_000)] * 4000, None),
            "open": lambda: opened(sealed * 4000),
            "pack": lambda: batch.pack_texts(2, texts),
        }}[{work!r}]
        texts = ["x"] * 6_000_000
        seen = 0
        def see(number, frame):
            global seen
            seen += 1
        def timed(handler, interval):
            signal.signal(signal.SIGALRM, handler)
            signal.setitimer(signal.ITIMER_REAL, 0.005, interval)
        timed(see, 0.005)
        long()
        timed(signal.SIG_IGN, 0)
        print(seen)
        timed(signal.default_int_handler, 0)
        try:
            long()
        except KeyboardInterrupt:
            print("interrupted")
        print(opened(batch.seal_many(KEY, CONTEXT, [b"\\x02a"], None)))
        """,
        FIELDVAULT_THREADS=threads,
    )
    seen, word, after = done.stdout.splitlines()
    # Were signals looked at only when the call is over, one would have been seen, however many had come.
    assert int(seen) >= 3, done.stderr
    assert (word, after) == ("interrupted", "([b'\\x02a'], {})")


# --- input -------------------------------------------------------------------------------------


def test_what_is_read_is_held(both: tuple[Core, Core]) -> None:
    core, _ = both
    key = core.key(RAW, KEY_ID)

    class Fleeting:
        """A sequence that makes each item when it is asked for it, and keeps none."""

        def __len__(self) -> int:
            return 1000

        def __getitem__(self, at: int) -> bytes:
            if at >= 1000:
                raise IndexError
            return b"\x02" + bytes(str(at), "ascii")

    sealed = core.seal_many(key, CONTEXT, Fleeting(), None)
    opened, failures = core.open_many({KEY_ID: key}, CONTEXT, sealed, None, core.headers_of(sealed))
    assert (opened, failures) == ([b"\x02%d" % at for at in range(1000)], {})


def test_an_error_in_the_middle_of_reading_seals_nothing(both: tuple[Core, Core]) -> None:
    core, _ = both

    class Ends:
        def __len__(self) -> int:
            return 3

        def __getitem__(self, at: int) -> bytes:
            if at == 2:
                raise ZeroDivisionError
            return b"\x02a"

    with pytest.raises(ZeroDivisionError):
        core.seal_many(core.key(RAW, KEY_ID), CONTEXT, Ends(), None)


def test_a_gigabyte_in_one_batch(both: tuple[Core, Core], native: Any) -> None:
    core, _ = both
    key = core.key(RAW, KEY_ID)
    native.set_threads(2)
    plaintexts = [b"\x01" + bytes([number]) * (1 << 20) for number in range(8)] * 16
    sealed = core.seal_many(key, CONTEXT, plaintexts, None)
    opened, failures = core.open_packed({KEY_ID: key}, CONTEXT, sealed, None, core.headers_of(sealed))
    assert failures == {}
    assert core.extent(opened) == ((1 << 20) + 1, 128 * ((1 << 20) + 1))
    assert opened[127] == plaintexts[127]


@pytest.mark.parametrize(
    "call",
    [
        lambda n: n.AesGcmKey(bytes(31)),
        lambda n: n.AesGcmKey(bytes(32)).encrypt(bytes(11), b"", b""),
        lambda n: n.AesGcmKey(bytes(32)).decrypt(bytes(13), bytes(16), b""),
        lambda n: n.IndexMac(bytes(32), 1, 0, 255),
        lambda n: n.IndexMac(bytes(32), 1, 33, 255),
        lambda n: n.seal_many(n.AesGcmKey(bytes(32)), bytes(16), bytes(60), [b"\x02"], None, bytes(12)),
        lambda n: n.seal_many(n.AesGcmKey(bytes(32)), bytes(17), bytes(24), [b"\x02"], None, bytes(12)),
        lambda n: n.seal_many(n.AesGcmKey(bytes(32)), bytes(17), bytes(60), [b"\x02"], None, bytes(24)),
        lambda n: n.seal_many(n.AesGcmKey(bytes(32)), bytes(17), bytes(60), [b"\x02"], [], bytes(12)),
        lambda n: n.seal_many_mixed([], [], bytes(60), [b"\x02"], None, bytes(12)),
        lambda n: n.open_many({bytes(16): n.AesGcmKey(bytes(32))}, bytes(60), [], None),
        lambda n: n.open_many({}, bytes(24), [b"\x02"], None),
        lambda n: n.row_suffixes([[b"\x02a"], []]),
        lambda n: n.set_threads(0),
    ],
)
def test_what_does_not_fit_is_an_error_and_not_a_crash(native: Any, call: Callable[[Any], object]) -> None:
    with pytest.raises(ValueError):
        call(native)


@pytest.mark.parametrize(
    "call",
    [
        lambda n: n.AesGcmKey("x" * 32),
        lambda n: n.seal_many(object(), bytes(17), bytes(60), [b"\x02"], None, bytes(12)),
        lambda n: n.open_many({bytes(17): object()}, bytes(60), [], None),
        lambda n: n.headers_of([None]),
        lambda n: n.headers_of(5),
        lambda n: n.pack_texts("abc", 2),
        lambda n: n.gather([{}], [1], []),
        lambda n: n.types_of((1, 2)),
    ],
)
def test_another_type_is_a_type_error(native: Any, call: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError):
        call(native)


# --- what is secret ------------------------------------------------------------------------------


def secrets(native: Any) -> list[Any]:
    return [native.AesGcmKey(RAW), native.IndexMac(RAW, 1, 16, 255), native.pack_texts(["plain text"], 2)]


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_keys_and_plaintexts_are_not_pickled_or_copied(native: Any, duplicate: Callable[[object], object]) -> None:
    for secret in secrets(native):
        with pytest.raises(TypeError, match="pickled or copied"):
            duplicate(secret)


def test_keys_and_plaintexts_do_not_show_themselves(native: Any) -> None:
    shown = [repr(secret) + str(secret) for secret in secrets(native)]
    assert shown == ["<AesGcmKey>" * 2, "<IndexMac>" * 2, "<Packed: 1 strings>" * 2]
    for secret in secrets(native):
        assert not hasattr(secret, "__dict__")
        with pytest.raises(AttributeError):
            secret.key = b""
        with pytest.raises(TypeError):
            weakref.ref(secret)


def test_a_refused_tag_leaves_no_plaintext(both: tuple[Core, Core], native: Any) -> None:
    core, _ = both
    key = core.key(RAW, KEY_ID)
    good, bad = core.seal_many(key, CONTEXT, [b"\x02" + b"secret" * 20] * 2, None)
    bad = bad[:-1] + bytes((bad[-1] ^ 1,))
    prefix = CONTEXT.prefix(key.header, row_bound=False)
    packed, refused = native.open_many({key.header: key.cipher}, prefix, [good, bad], None)
    assert refused == [1]
    assert packed[1] == bytes(121)
