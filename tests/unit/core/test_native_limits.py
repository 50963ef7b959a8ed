"""The native core at the limits of memory, of the interpreter's life, and of patience."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import Any

import pytest
from plugins.cores import NATIVE_IS_BUILT, NOT_BUILT

pytestmark = pytest.mark.skipif(not NATIVE_IS_BUILT, reason=NOT_BUILT)

PRELUDE = """
    import fieldvault_native as native
    KEY, HEADER, PREFIX = native.AesGcmKey(bytes(32)), b"\\x01" + bytes(16), bytes(60)
    MIB = 1 << 20
    def sealed(plaintexts, rows=None):
        return native.seal_many(KEY, HEADER, PREFIX, plaintexts, rows, bytes(12 * len(plaintexts)))
    def opened(envelopes):
        return native.open_many({HEADER: KEY}, PREFIX, envelopes, None)
"""


def run(code: str, *given: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, which it may bring down."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PRELUDE) + textwrap.dedent(code), *given],
        env={**os.environ, "FIELDVAULT_CORE": "native"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# One long value many times in a list is little memory. What it becomes is more than any machine has.
TOO_MUCH = {
    "seal": "sealed([bytes(64 * MIB)] * (1 << 21))",
    "open": "opened([HEADER + bytes(64 * MIB)] * (1 << 21))",
    "columns of ours": "native.ArrowArray.of([bytes(64 * MIB)] * 50, False)",
    "texts": "native.pack_texts(['a' * (64 * MIB)] * 50, 2)",
    "bytes": "native.pack_bytes([bytes(64 * MIB)] * 50, 1)",
    "row suffixes": "native.row_suffixes([[bytes(64 * MIB)] * 50])",
    "plain texts": "native.plain_texts(['a' * (64 * MIB)] * 50)",
}


@pytest.mark.parametrize("case", TOO_MUCH)
def test_more_than_the_memory_is_a_memory_error(case: str) -> None:
    done = run(
        f"""
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        try:
            {TOO_MUCH[case]}
        except MemoryError as error:
            print("refused", error)
        print(opened(sealed([b"\\x02a"]))[1])
        """
    )
    assert (done.returncode, done.stdout.split()) == (0, ["refused", "[]"]), done.stderr


def test_no_list_is_seen_half_made() -> None:
    # The garbage collector shows every list. To look at a place that is still empty brings the interpreter down.
    done = run(
        """
        import gc, signal
        packed = native.pack_texts(["x"] * 1_000_000, 2)
        looked = 0
        def look(*_):
            global looked
            looked += 1
            for one in gc.get_objects():
                if type(one) is list and len(one) == 1_000_000:
                    one[-1]
        signal.signal(signal.SIGALRM, look)
        for make in (packed.tolist, lambda: packed.texts(2), lambda: packed.bodies(2)):
            signal.setitimer(signal.ITIMER_REAL, 0.002)
            make()
        print(looked)
        """
    )
    assert (done.returncode, done.stdout.strip()) == (0, "3"), done.stderr


@pytest.mark.parametrize("work", ["pack", "list", "texts", "seal", "bytearrays", "index", "plain"])
def test_few_long_values_are_interrupted_too(work: str) -> None:
    # Counted, not timed: how often one call looks at signals that come all the time.
    done = run(
        """
        import signal, sys
        long = ["a" * MIB] * 250
        packed = native.pack_texts(long, 2)
        mac = native.IndexMac(bytes(32), 1, 16, 255)
        call = {
            "pack": lambda: native.pack_texts(long, 2),
            "list": packed.tolist,
            "texts": lambda: packed.texts(2),
            "seal": lambda: sealed(packed),
            "bytearrays": lambda: sealed([copied] * 250),
            "index": lambda: native.index_many(mac, packed),
            "plain": lambda: native.plain_texts(long),
        }[sys.argv[1]]
        copied = bytearray(MIB)
        seen = 0
        def see(*_):
            global seen
            seen += 1
        signal.signal(signal.SIGALRM, see)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        call()
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        print(seen)
        """,
        work,
    )
    assert int(done.stdout) >= 3, done.stderr


@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("work", ["lists", "arrow"])
def test_the_interpreter_takes_its_time_to_end_while_a_daemon_works(work: str, threads: str) -> None:
    # Whoever wants the GIL now never gets it: the daemon comes back from its slice in the middle of the end.
    done = run(
        """
        import sys, threading, time
        native.set_threads(int(sys.argv[2]))
        values = [b"x" * 3000] * 20_000
        column = native.ArrowColumn.take(native.ArrowArray.of(values, False))
        rounds = 0
        def work():
            global rounds
            while True:
                if sys.argv[1] == "lists":
                    sealed(values)
                else:
                    native.ArrowSealing(column, 1, ("none", 0), None, None, False).seal(KEY, HEADER, PREFIX)
                rounds += 1
        class Late:
            def __del__(self, sleep=time.sleep, write=sys.__stdout__.write, flush=sys.__stdout__.flush):
                sleep(0.5)
                write("late")
                flush()
        sys.modules["kept until the end"] = Late()
        threading.Thread(target=work, daemon=True).start()
        while not rounds:
            time.sleep(0.01)
        """,
        work,
        threads,
    )
    assert (done.returncode, done.stdout) == (0, "late"), done.stderr


NATIVE_OBJECTS = """
    import copy, pickle
    array = native.ArrowArray.of([b"secret"], False)
    column = native.ArrowColumn.take(array)
    sealing = native.ArrowSealing(column, 1, ("none", 0), None, None, False)
    objects = [
        KEY, native.IndexMac(bytes(32), 1, 16, 255), native.pack_texts(["secret"], 2), array, column, sealing,
        native.ArrowOpening(native.ArrowColumn.take(sealing.seal(KEY, HEADER, PREFIX)), None),
        native.ArrowIndexing.scan(column, "exact@1", 1),
    ]
    ways = [
        copy.copy, copy.deepcopy, pickle.dumps, lambda one: pickle.loads(pickle.dumps(one, 0)),
        lambda one: type(one).__new__(type(one)),
        lambda one: object.__new__(type(one)), lambda one: type("Derived", (type(one),), {}),
    ]
    for one in objects:
        assert "secret" not in repr(one)
        for way in ways:
            try:
                way(one)
            except TypeError:
                continue
            raise SystemExit(f"{one!r} was copied, made or derived")
"""


def test_no_native_object_is_copied_made_or_derived() -> None:
    done = run(NATIVE_OBJECTS)
    assert done.returncode == 0, done.stderr


def test_a_key_is_gone_when_it_is_dropped(native: Any) -> None:
    """Its bytes begin the key schedule of AES-256: they stand in memory once more while the cipher lives."""
    done = run(
        """
        import gc, os, re
        part = os.urandom(16)
        raw = part + bytes(reversed(part))
        def counted():
            # The needle itself never stands together in memory but where we look for it.
            count = 0
            with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
                for line in maps:
                    place = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
                    if place:
                        start, end = (int(one, 16) for one in place.groups())
                        memory.seek(start)
                        try:
                            found = memory.read(end - start)
                        except OSError:
                            continue
                        at = found.find(part)
                        while at >= 0:
                            rest = found[at + 16:at + 32]
                            count += rest[::-1] == part
                            at = found.find(part, at + 1)
                        del found
            return count
        counted()
        before = counted()
        key = native.AesGcmKey(raw)
        with_key = counted()
        del key
        gc.collect()
        print(before, with_key, counted())
        """
    )
    before, with_key, after = map(int, done.stdout.split())
    assert with_key > before, done.stderr
    assert after <= before
