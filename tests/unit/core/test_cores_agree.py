"""The two cores are one: the same bytes for the same nonces, the same answers, the same errors."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plugins.cores import Core, core_named

from fieldvault.core import _pure
from fieldvault.core.context import FieldContext
from fieldvault.core.index import IndexKey

CONTEXT = FieldContext("acme", "customers", "email")
RAW = {bytes((number,)) * 16: os.urandom(32) for number in (1, 2, 3)}
LENGTHS = [0, 1, 15, 16, 17, 31, 32, 33, 1027, 1 << 20]
same_function = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def cores() -> tuple[Core, Core]:
    return core_named("python"), core_named("native")


@pytest.fixture
def seeded(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes the nonces that both cores draw the same from here on. The seam is the one function that draws."""

    def seed(number: int) -> None:
        monkeypatch.setattr(_pure.os, "urandom", random.Random(number).randbytes)

    return seed


def outcome(work: Callable[[], Any]) -> Any:
    """What comes back, or the type of what is raised."""
    try:
        return work()
    except (TypeError, ValueError, OverflowError) as error:
        return type(error)


def answers(opened: tuple[list[bytes | None], dict[int, Any]]) -> Any:
    plaintexts, failures = opened
    return list(plaintexts), {at: (type(error), str(error), error.__dict__) for at, error in failures.items()}


typed = st.lists(st.binary(min_size=1, max_size=70), max_size=20)


@same_function
@given(typed, st.booleans(), st.integers(0, 2**32), st.data())
def test_the_same_bytes_for_the_same_nonces(
    cores: tuple[Core, Core], seeded: Any, plaintexts: list[bytes], bound: bool, seed: int, data: st.DataObject
) -> None:
    ids = [[b"\x02%d" % number for number in range(len(plaintexts))], [b"\x03\x07"] * len(plaintexts)]
    named = [data.draw(st.sampled_from(sorted(RAW))) for _ in plaintexts]
    results = []
    for core in cores:
        rows = core.row_suffixes(ids) if bound else None
        keys = {key_id: core.key(raw, key_id) for key_id, raw in RAW.items()}
        one = keys[min(RAW)]
        seeded(seed)
        sealed = core.seal_many(one, CONTEXT, plaintexts, rows)
        sealed += core.seal_many_mixed([keys[key_id] for key_id in named], CONTEXT, plaintexts, rows)
        headers = core.headers_of(sealed)
        half = len(plaintexts)
        opened = [core.open_many(keys, CONTEXT, part, rows, headers) for part in (sealed[:half], sealed[half:])]
        assert [answers(one) for one in opened] == [(plaintexts, {})] * 2
        results.append((sealed, headers))
    assert results[0] == results[1]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("bound", [True, False])
def test_what_one_seals_the_other_opens(pair: tuple[Core, Core], length: int, bound: bool) -> None:
    writer, reader = pair
    key_id, raw = min(RAW.items())
    plaintexts = [b"\x01" + os.urandom(length) for _ in range(3)]
    ids = [[b"\x02%d" % number for number in range(3)]]
    sealed = writer.seal_many(
        writer.key(raw, key_id), CONTEXT, plaintexts, writer.row_suffixes(ids) if bound else None
    )
    keys = {key_id: reader.key(raw, key_id)}
    rows = reader.row_suffixes(ids) if bound else None
    opened = reader.open_many(keys, CONTEXT, sealed, rows, reader.headers_of(sealed))
    assert (list(opened[0]), opened[1]) == (plaintexts, {})


@same_function
@given(
    st.lists(
        st.tuples(st.sampled_from(["good", "flip", "cut", "grow", "version", "key", "junk"]), st.integers(0, 99)),
        max_size=12,
    )
)
def test_the_same_refusals(cores: tuple[Core, Core], damages: list[tuple[str, int]]) -> None:
    python = cores[0]
    key_id, raw = min(RAW.items())
    good = python.seal_many(python.key(raw, key_id), CONTEXT, [b"\x02p%d" % at for _, at in damages], None)
    sealed = []
    for one, (how, at) in zip(good, damages, strict=True):
        flipped = one[:at] + bytes(byte ^ 1 for byte in one[at : at + 1]) + one[at + 1 :]
        ways = {"flip": flipped, "cut": one[:at], "grow": one + b"\0", "version": b"\x02" + one[1:]}
        ways |= {"key": b"\x01" + b"\x09" * 16 + one[17:], "junk": b"\x01" * at, "good": one}
        sealed.append(ways[how])
    results = []
    for core in cores:
        keys = {key_id: core.key(raw, key_id)}
        results.append(answers(core.open_many(keys, CONTEXT, sealed, None, core.headers_of(sealed))))
    assert results[0] == results[1]


@same_function
@given(st.lists(st.binary(max_size=200), max_size=12), st.integers(8, 256), st.integers(1, 255))
def test_the_same_index_values(cores: tuple[Core, Core], values: list[bytes], bits: int, version: int) -> None:
    key = IndexKey(RAW[min(RAW)], version=version, bits=bits)
    python, native = (core.index_many(key, values) for core in cores)
    assert python == native


strange = st.one_of(
    st.text(),
    st.text(st.characters(codec=None, categories=("Cs", "Lu"))),
    st.binary(),
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.booleans(),
    st.none(),
    st.floats(),
)


@same_function
@given(st.one_of(*(st.lists(kind, max_size=8) for kind in (st.text(), st.binary(), st.integers(), strange))))
def test_the_same_packing(cores: tuple[Core, Core], values: list[Any]) -> None:
    for name in ("pack_texts", "pack_bytes", "pack_ints"):
        packed = [getattr(core, name)(0x02, values) for core in cores]
        listed = [None if one is None else core.as_list(one) for core, one in zip(cores, packed, strict=True)]
        assert listed[0] == listed[1], name
        if packed[0] is None:
            continue
        for core, one in zip(cores, packed, strict=True):
            assert core.extent(one) == cores[0].extent(listed[0])
            assert len(one) == len(values)
            assert [one[at] for at in range(len(one))] == listed[0]
            for tag in (0x02, 0x03):
                for unpack in ("unpack_texts", "unpack_bytes"):
                    assert getattr(core, unpack)(tag, one) == getattr(cores[0], unpack)(tag, listed[0])


@same_function
@given(st.lists(st.lists(st.binary(max_size=5), min_size=3, max_size=3), max_size=3))
def test_the_same_row_suffixes(cores: tuple[Core, Core], parts: list[list[bytes]]) -> None:
    def suffixes(core: Core) -> Any:
        try:
            return core.as_list(core.row_suffixes(parts))
        except Exception as error:  # noqa: BLE001
            return type(error), str(error)

    assert suffixes(cores[0]) == suffixes(cores[1])


@pytest.mark.parametrize("wrong", [5, "text", None, 1.5, [b"x"]])
def test_the_same_errors_for_what_is_no_bytes(cores: tuple[Core, Core], wrong: object) -> None:
    key_id, raw = min(RAW.items())
    index_key = IndexKey(raw, version=1, bits=128)
    for core in cores:
        key = core.key(raw, key_id)
        assert (
            outcome(lambda key=key, core=core: core.seal_many(key, CONTEXT, [b"\x02a", wrong], None)) is TypeError
        )
        assert outcome(lambda core=core: core.index_many(index_key, [b"a", wrong])) is TypeError


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_buffers_are_taken_for_bytes(core: Core, kind: Callable[[bytes], Any]) -> None:
    key_id, raw = min(RAW.items())
    key = core.key(raw, key_id)
    sealed = core.seal_many(key, CONTEXT, [kind(b"\x02a")], None)
    opened, _ = core.open_many({key_id: key}, CONTEXT, sealed, None, core.headers_of(sealed))
    assert list(opened) == [b"\x02a"]
