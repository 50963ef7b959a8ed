"""Arrow columns on the native core: threads, interrupts, nonces, and life without pyarrow."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
from typing import Any

import pyarrow as pa
import pytest
from plugins.arrow_kit import needs_native, of_type
from plugins.customers import CUSTOMERS, cipher

from fieldvault import BatchError
from fieldvault.core import _pure, native
from fieldvault.core.aead import AESGCM, AeadKey
from fieldvault.core.context import FieldContext, encode_int, row_suffixes

pytestmark = needs_native

KEY, KEY_ID = bytes(range(32)), b"k" * 16
CONTEXT = FieldContext("acme", "t", "v")


@pytest.fixture
def threads() -> Any:
    before = native.MODULE.threads()
    yield native.MODULE.set_threads
    native.MODULE.set_threads(before)


def taken(column: Any) -> Any:
    return native.MODULE.ArrowColumn.take(column)


@pytest.mark.parametrize("count", [1, 4])
def test_given_the_same_nonces_both_cores_give_the_same_bytes(count: int, threads: Any) -> None:
    threads(count)
    values = [None if n % 11 == 0 else f"value {n}" * (n % 7) for n in range(20_000)]
    ids = range(-9_000, 11_000)
    kept = [at for at, value in enumerate(values) if value is not None]
    typed = [b"\x02" + values[at].encode() for at in kept]
    rows = row_suffixes([[b"\x03" + encode_int(n) for n in ids]])
    nonces = os.urandom(12 * len(kept))
    ours, pure = native.MODULE.AesGcmKey(KEY), AeadKey(KEY, KEY_ID, AESGCM)
    chunked = pa.chunked_array([values[:5], values[5:9_001], values[9_001:]], pa.string())
    numbers = pa.chunked_array([list(ids)[:12_345], list(ids)[12_345:]], pa.int32())
    job = native.MODULE.ArrowSealing(taken(chunked), 2, ("none", 0), None, [(3, taken(numbers))], False)
    prefix = CONTEXT.prefix(pure.header, row_bound=True)
    sealed = job.seal(ours, pure.header, prefix, nonces).to_pylist()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_pure, "draw_nonces", lambda n: nonces[: 12 * n])
        expected = _pure.seal_many(pure, CONTEXT, typed, [rows[at] for at in kept])
    assert [sealed[at] for at in kept] == expected
    assert sum(one is None for one in sealed) == len(values) - len(kept)


def test_no_nonce_is_drawn_twice(threads: Any) -> None:
    threads(3)
    records = of_type(str)
    sealed = records.seal_column("v", pa.array(["x"] * 40_000)).to_pylist()
    sealed += records.seal_column("v", pa.array(["x"] * 10)).to_pylist()
    assert len({one[17:29] for one in sealed}) == 40_010


def test_threads_give_what_one_gives_and_report_the_same_failures(threads: Any) -> None:
    records = cipher(CUSTOMERS)
    values, ids = pa.array([f"value {n}" for n in range(50_000)]), pa.array(range(50_000))
    threads(4)
    sealed = records.seal_column("iban", values, row_ids=ids)
    for count in (1, 2, 4):
        threads(count)
        assert records.open_column("iban", sealed, row_ids=ids).equals(values)
    damaged = sealed.to_pylist()
    for at in (9, 20_000, 49_999):
        damaged[at] = damaged[at][:-1] + bytes([damaged[at][-1] ^ 1])
    with pytest.raises(BatchError) as raised:
        records.open_column("iban", pa.array(damaged, pa.binary()), row_ids=ids)
    assert list(raised.value.failures) == [9, 20_000, 49_999]


def test_several_callers_at_once() -> None:
    records = of_type(str)
    values = pa.array([f"value {n}" for n in range(20_000)])
    wrong: list[Any] = []

    def work() -> None:
        done = [records.open_column("v", records.seal_column("v", values)) for _ in range(5)]
        wrong.extend(one for one in done if not one.equals(values))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert not wrong


def test_a_signal_is_seen_inside_one_call(threads: Any) -> None:
    """The handler runs while a call is under way, not after it: it can tell, as the call has not come back."""
    threads(2)
    key = native.MODULE.AesGcmKey(KEY)
    job = native.MODULE.ArrowSealing(taken(pa.array(["x" * 200] * 1_500_000)), 2, ("none", 0), None, None, False)
    state = {"inside": False, "seen_inside": False}

    def handler(number: int, frame: object) -> None:
        state["seen_inside"] |= state["inside"]
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        state["inside"] = True
        with pytest.raises(KeyboardInterrupt):
            job.seal(key, b"\x01" + KEY_ID, b"aad")
        state["inside"] = False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert state["seen_inside"]


def test_a_fork_between_calls() -> None:
    native.MODULE.set_threads(2)
    try:
        records = of_type(str)
        values = pa.array([f"value {n}" for n in range(20_000)])
        sealed = records.seal_column("v", values)
        if (child := os.fork()) == 0:
            os._exit(0 if records.open_column("v", sealed).equals(values) else 1)
        assert os.waitpid(child, 0)[1] == 0
    finally:
        native.MODULE.set_threads(1)


def test_nothing_opened_is_left_in_memory_where_one_fails() -> None:
    """The output of a call that fails is overwritten: its values are found nowhere in the process's memory."""
    code = """
        import re, gc
        import fieldvault_native as native
        key = native.AesGcmKey(bytes(32))
        header, count = b"\\x01" + b"k" * 16, 9_000
        # Made so that the plaintext itself never stands together in a Python object that lives on.
        part = bytearray(b"needle-in-the-") + bytearray(b"haystack-")
        def sealed():
            values = native.ArrowArray.of([bytes(part) + b"%05d" % n for n in range(count)], False)
            job = native.ArrowSealing(native.ArrowColumn.take(values), 1, ("none", 0), None, None, False)
            return job.seal(key, header, b"aad").to_pylist()
        cells = sealed()
        cells[-1] = cells[-1][:-1] + bytes([cells[-1][-1] ^ 1])
        opening = native.ArrowOpening(native.ArrowColumn.take(native.ArrowArray.of(cells, False)), None)
        gc.collect()
        def counted():
            found = set()
            with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
                for line in maps:
                    place = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
                    if place:
                        start, end = (int(one, 16) for one in place.groups())
                        memory.seek(start)
                        try:
                            found |= set(re.findall(rb"in-the-haystack-(\\d{5})", memory.read(end - start)))
                        except OSError:
                            pass
            return len(found)
        before = counted()
        try:
            opening.open([(header, key, b"aad")], 1, False)
        except native.ArrowRefused:
            pass
        else:
            raise SystemExit("it opened")
        after = counted()
        print(before, after)
        raise SystemExit(after > before + 2)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


WITHOUT_PYARROW = """
    import sys
    sys.modules["pyarrow"] = None
    from fieldvault import BatchError, ExactIndex, PlainField, RecordCipher, Schema, SealedField, TextForm
    from fieldvault.normalise import EMAIL
    from fieldvault.testing import memory_keyrings
    import fieldvault_native as native
    made = native.ArrowArray.of
    number = SealedField("n", int, row_bound=False)
    schema = Schema("t", [PlainField("id"), SealedField("email", index=ExactIndex(EMAIL)), number], row_id="id")
    for form in (None, TextForm()):
        records = RecordCipher(schema, memory_keyrings(), tenant="a", form=form)
        ids = made(["1", "2", "3"], True)
        values = made(["ann@x.example", None, "böb@x.example"], True)
        sealed = records.seal_column("email", values, row_ids=ids)
        assert type(sealed) is native.ArrowArray and sealed.null_count == 1
        assert records.open_column("email", sealed, row_ids=ids).to_pylist() == values.to_pylist()
        index = records.index_column("email", values).to_pylist()
        assert index == records.index_column("email", values.to_pylist())
        try:
            records.open_column("email", sealed, row_ids=made(["1", "2", "4"], True))
        except BatchError as error:
            assert list(error.failures) == [2]
        else:
            raise SystemExit("opened in another row")
        numbers = made(records.seal_column("n", [1, None, -5]), form is not None)
        assert records.open_column("n", numbers).to_pylist() == [1, None, -5]
        people = RecordCipher(
            Schema("p", [PlainField("who"), SealedField("v", row_bound=False)], subject="who"),
            memory_keyrings(), tenant="a", form=form,
        )
        mine = people.seal_column("v", made(["x"], True), subjects=made(["p1"], True))
        assert people.open_column("v", mine, subjects=["p1"]).to_pylist() == ["x"]
"""


def test_without_pyarrow() -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(WITHOUT_PYARROW)],
        capture_output=True,
        text=True,
        env=os.environ,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    gc.collect()
