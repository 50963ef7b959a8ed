"""Columns that give themselves once, that fail, or stand for more than any memory (`native/src/arrow/ffi`)."""

from __future__ import annotations

import ctypes
import mmap
import struct
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from plugins.arrow_kit import needs_native, of_type
from plugins.arrow_structs import Crafted, CraftedStream, offsets, views

from fieldvault.codec import NaiveDatetime
from fieldvault.core import native
from fieldvault.errors import BatchError, SchemaError

pytestmark = needs_native


class Once:
    """An array whose capsules serve but once, as a reader's do."""

    def __init__(self, array: Any) -> None:
        self._capsules = array.__arrow_c_array__()

    def __arrow_c_array__(self, requested_schema: object = None) -> Any:
        return self._capsules


class OnceStream:
    """A stream that serves but once."""

    def __init__(self, array: Any) -> None:
        self._capsule = pa.chunked_array([array]).__arrow_c_stream__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return self._capsule


@pytest.mark.parametrize("once", [Once, OnceStream])
@pytest.mark.parametrize(
    ("declared", "array"),
    [
        (str, pa.array(["a", None])),
        (str, pa.array(["a", None]).dictionary_encode()),  # this and the next are not done natively
        (NaiveDatetime, pa.array([datetime(2020, 1, 1), None])),  # noqa: DTZ001
    ],
    ids=["text", "dictionary", "times"],
)
def test_a_column_that_gives_itself_once(once: Any, declared: Any, array: Any) -> None:
    records = of_type(declared)
    sealed = records.seal_column("v", once(array))
    assert records.open_column("v", sealed).to_pylist() == array.to_pylist()


@pytest.mark.parametrize("once", [Once, OnceStream])
def test_a_failure_is_found_in_a_column_that_gives_itself_once(once: Any) -> None:
    records = of_type(str)
    sealed = records.seal_column("v", ["a", "b", "c"])
    sealed[1] = sealed[1][:-1] + bytes([sealed[1][-1] ^ 1])
    with pytest.raises(BatchError) as raised:
        records.open_column("v", once(pa.array(sealed)))
    assert list(raised.value.failures) == [1]


def test_what_is_not_known_is_left_to_others() -> None:
    for array in (pa.array(["a"]).dictionary_encode(), pa.array([[1]])):
        once = Once(array)
        assert native.MODULE.ArrowColumn.take(once) is None
        assert native.MODULE.ArrowColumn.take(once) is None
        assert pa.array(once).equals(array)


def test_what_is_put_back_is_released_by_its_taker_and_once() -> None:
    column = Crafted("tts", 1, [None, b"\0" * 4])
    capsules = column.capsules()
    column.capsules = lambda: capsules  # type: ignore[method-assign]
    for _ in range(3):
        assert native.MODULE.ArrowColumn.take(column) is None
        assert column.live == 2
    assert len(pa.array(column)) == 1
    assert column.live == 0
    stream = CraftedStream([Crafted("tts", 1, [None, b"\0" * 4])])
    assert native.MODULE.ArrowColumn.take(stream) is None
    assert stream.chunks[0].live == 0


@pytest.mark.parametrize("kind", [ValueError, TypeError, OverflowError, NotImplementedError, pa.ArrowInvalid])
@pytest.mark.parametrize("method", ["__arrow_c_array__", "__arrow_c_stream__"])
def test_what_a_producer_says_of_its_values_is_not_passed_on(kind: Any, method: str) -> None:
    def fails(self: object, requested_schema: object = None) -> Any:
        raise kind("cannot convert 'ann@x.example'")

    producer = type("Producer", (), {method: fails})()
    with pytest.raises(SchemaError, match="cannot give it as Arrow") as raised:
        of_type(str).seal_column("v", producer)
    error: BaseException | None = raised.value
    while error is not None:
        assert "ann@" not in repr(error)
        error = error.__cause__ or error.__context__


def many_views(count: int, size: int) -> tuple[Crafted, mmap.mmap]:
    """So many values that are all the same memory."""
    memory = mmap.mmap(-1, size)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    cells = views((size, 0, 0)) * count
    return Crafted("vz", count, [None, cells, start, struct.pack("q", size)]), memory


def test_more_than_the_memory_is_a_memory_error_and_not_the_end_of_the_process() -> None:
    column, memory = many_views(1 << 16, 1 << 30)
    records = of_type(bytes)
    with pytest.raises(MemoryError):
        records.seal_column("v", column)
    taken = native.MODULE.ArrowColumn.take(column)
    for text in (True, False):
        job = native.MODULE.ArrowSealing(taken, 1, ("none", 0), None, None, text)
        with pytest.raises(MemoryError):
            job.seal(native.MODULE.AesGcmKey(bytes(32)), bytes(17), bytes(60))
    assert records.open_column("v", records.seal_column("v", pa.array([b"a"]))).to_pylist() == [b"a"]
    del memory


@pytest.mark.parametrize("length", [2**62, 2**50, 2**37])
def test_nulls_cost_nothing_and_are_bounded_all_the_same(length: int) -> None:
    with pytest.raises(SchemaError, match="more rows than any memory"):
        of_type(str).seal_column("v", Crafted("n", length, [], null_count=length))
    halves = CraftedStream([Crafted("n", length, [], null_count=length)] * 2)
    with pytest.raises(SchemaError):
        of_type(str).seal_column("v", halves)


def test_positions_that_are_not_there() -> None:
    column = native.MODULE.ArrowColumn.take(pa.chunked_array([["a"], [], ["b", "c"]], pa.string()))
    assert column.pick([0, 2]) == ["a", "c"]
    for wrong in ([3], [2**63], [2, 0], [-1]):
        with pytest.raises((ValueError, OverflowError)):
            column.pick(wrong)


def test_damaged_metadata_is_another_type() -> None:
    for metadata in (struct.pack("=ii", 1, -1), struct.pack("=ii", 1, 2**30), struct.pack("=i", -5)):
        column = Crafted("z", 1, [None, offsets(0, 3), b"abc"], metadata=metadata)
        taken = native.MODULE.ArrowColumn.take(column)
        assert taken is None or taken.to_pylist() == [b"abc"]
