"""Nonces of the native core: drawn, or expanded from a seed of their batch; none twice over threads and forks."""

from __future__ import annotations

import gc
import os
import signal
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from plugins.arrow_kit import needs_native
from plugins.cores import core_named
from plugins.customers import cipher

from fieldvault.core import _pure
from fieldvault.core.context import FieldContext

pytestmark = needs_native

CONTEXT = FieldContext("acme", "customers", "email")
CHILDREN, EACH, BATCH = 16, 100_000, 20_000


def cut(drawn: bytes) -> list[bytes]:
    return [drawn[at : at + 12] for at in range(0, len(drawn), 12)]


@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 1024, 1025, 100_000])
def test_so_many_as_were_asked_for_and_none_twice(native: Any, count: int) -> None:
    twice = native.draw_nonces(count) + native.draw_nonces(count)
    assert len(twice) == 24 * count
    assert len(set(cut(twice))) == 2 * count


def test_threads_repeat_none(native: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        drawn = b"".join(pool.map(native.draw_nonces, [1000] * 100))
    assert len(set(cut(drawn))) == 100_000


def test_a_number_that_makes_no_sense_is_refused(native: Any) -> None:
    for count in (-1, 2**63, 2**64):
        with pytest.raises((OverflowError, ValueError)):
            native.draw_nonces(count)


@pytest.mark.parametrize(("count", "expanded"), [(31, False), (32, True), (1000, True)])
def test_a_small_batch_asks_the_system_for_all_of_them(
    count: int, expanded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = core_named("native")
    asked: list[int] = []
    monkeypatch.setattr(_pure, "draw_nonces", lambda count: asked.append(count) or os.urandom(12 * count))
    key = core.key(bytes(32), b"k" * 16)
    sealed = core.seal_many(key, CONTEXT, [b"\x02p"] * count, None)
    assert len({one[17:29] for one in sealed}) == count
    assert asked == ([] if expanded else [count])


def test_given_the_same_nonces_a_large_batch_is_the_same_on_both_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    native, python = core_named("native"), core_named("python")
    plaintexts, nonces = [b"\x02%d" % number for number in range(5000)], os.urandom(12 * 5000)
    monkeypatch.setattr("fieldvault.core._native.draw_nonces", lambda count: nonces)
    monkeypatch.setattr(_pure, "draw_nonces", lambda count: nonces)
    one, other = (
        core.seal_many(core.key(bytes(32), b"k" * 16), CONTEXT, plaintexts, None) for core in (native, python)
    )
    assert one == other


@pytest.mark.parametrize("kind", ["lists", "arrow"])
def test_16_children_of_a_warm_parent_repeat_none(kind: str, tmp_path: Path) -> None:
    values = column_of(kind)
    records = cipher()
    assert len(nonces_of(records.seal_column("country", values))) == BATCH  # warm: this state is what all inherit

    def seal(number: int) -> None:
        with (tmp_path / str(number)).open("wb") as file:
            for _ in range(EACH // BATCH):
                file.write(b"".join(nonces_of(records.seal_column("country", values))))

    gc.freeze()
    children = [fork(lambda number=number: seal(number)) for number in range(CHILDREN)]  # type: ignore[misc]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * CHILDREN
    gc.unfreeze()
    drawn = cut(b"".join((tmp_path / str(number)).read_bytes() for number in range(CHILDREN)))
    assert len(drawn) == CHILDREN * EACH
    assert len(set(drawn)) == CHILDREN * EACH


def column_of(kind: str) -> Any:
    if kind == "lists":
        return ["UK"] * BATCH
    return pytest.importorskip("pyarrow", reason="Arrow columns need it here").array(["UK"] * BATCH)


def nonces_of(sealed: Any) -> Sequence[bytes]:
    return [one[17:29] for one in (sealed if isinstance(sealed, list) else sealed.to_pylist())]


def fork(work: Callable[[], object]) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: threads that pyarrow may have
        child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(120)
            work()
            status = 0
        finally:
            os._exit(status)
    return child
