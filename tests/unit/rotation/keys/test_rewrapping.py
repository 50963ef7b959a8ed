"""Data keys under a newer version of their KEK, and under another KEK: verified, or left as they are."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest
from plugins.keys_bench import KeysBench
from plugins.versioned_kek import VersionedFakeKek

from fieldvault import Scope
from fieldvault.errors import KekNotVersioned, KekUnavailable, KeyCommitmentMismatch, KeyWrapRefused
from fieldvault.kek.several import SeveralKeks
from fieldvault.ports import RewrappedKey
from fieldvault.testing import FakeKek


@pytest.fixture
def bench() -> KeysBench:
    return KeysBench()


def versions(bench: KeysBench) -> set[int]:
    return {bench.kek.version_of(one.wrapped or b"") for one in bench.all_keys()}


def test_all_keys_go_to_the_newest_version_and_stay_the_same_keys(bench: KeysBench) -> None:
    before = {one.key_id: one for one in bench.all_keys()}
    result = bench.operations().rewrap(rotate_kek=True)
    assert (result.done, result.already, result.refused) == (6, 0, {})
    assert versions(bench) == {2}
    for one in bench.all_keys():
        assert replace(one, wrapped=None) == replace(before[one.key_id], wrapped=None)
        assert one.wrapped != before[one.key_id].wrapped
    assert bench.everything_opens()
    assert bench.events() == ["rotate-kek", "rewrap-keys"]
    assert bench.audit.events[1].details["keys"] == 6
    assert bench.operations().rewrap().already == 6


def test_five_thousand_keys_take_one_request_for_160_and_one_to_verify_them() -> None:
    bench = KeysBench(tenants=0)
    keyrings = bench.keyrings()
    for number in range(1250):
        for purpose in ("fields", "subjects", "index", "audit"):
            keyrings.keyring(Scope(f"t{number}", purpose)).primary(uses=0)
    bench.kek.rotate()
    bench.kek.calls.clear()
    bench.store.calls.clear()
    result = bench.operations(audit=None).rewrap()
    assert result.done == 5000
    assert bench.kek.calls == {"versions": 1, "rewrap": 32, "unwrap": 32}
    assert bench.store.calls["replace_wrapped"] == 32
    assert bench.metrics.counts["fieldvault.kek.calls"] == 64


def test_only_keys_of_older_versions_than_asked_for(bench: KeysBench) -> None:
    bench.kek.rotate()
    bench.operations().rewrap()
    bench.keyrings().keyring(Scope("t9", "fields")).primary(uses=0)
    bench.kek.rotate()
    result = bench.operations().rewrap(below=2)
    assert (result.done, result.already) == (0, 7)
    assert bench.operations().rewrap(below=99).done == 7


def test_a_dry_run_counts_and_changes_nothing(bench: KeysBench) -> None:
    before = bench.all_keys()
    assert bench.operations().rewrap(dry_run=True).done == 0
    assert bench.operations().rewrap(rotate_kek=True, dry_run=True).done == 6
    assert bench.all_keys() == before
    assert bench.kek.calls["rotate"] == 0
    assert bench.audit.events == []


SPOILED: list[tuple[Callable[[list[bytes]], list[bytes]], type[Exception]]] = [
    (lambda wrapped: [os.urandom(len(wrapped[0])), *wrapped[1:]], KeyWrapRefused),
    (lambda wrapped: [wrapped[1], wrapped[0], *wrapped[2:]], KeyCommitmentMismatch),
    (lambda wrapped: [wrapped[0][:-1] + bytes([wrapped[0][-1] ^ 1]), *wrapped[1:]], KeyWrapRefused),
    (lambda wrapped: [b"", *wrapped[1:]], KeyWrapRefused),
]


@pytest.mark.parametrize(("change", "error"), SPOILED)
@pytest.mark.parametrize("operation", ["rewrap", "wrap"])
def test_what_does_not_unwrap_to_its_own_key_is_never_stored(
    bench: KeysBench, change: Callable[[list[bytes]], list[bytes]], error: type[Exception], operation: str
) -> None:
    new = VersionedFakeKek("fake-versioned:b")
    both = SeveralKeks(bench.kek, new)
    before = {one.key_id: one for one in bench.all_keys()}
    if operation == "rewrap":
        bench.kek.rotate()
        bench.kek.spoil(operation, change)
        result = bench.operations().rewrap()
    else:
        new.spoil(operation, change)
        result = bench.operations(both).move(new)
    assert result.refused
    assert all(isinstance(one, error) for one in result.refused.values())
    assert result.done == 6 - len(result.refused)
    for key_id in result.refused:
        assert {one.key_id: one for one in bench.all_keys()}[key_id] == before[key_id]
    assert bench.everything_opens(both)
    assert bench.operations(both).rewrap().done + bench.operations(both).move(new).done >= len(result.refused)
    assert bench.everything_opens(both)


def test_a_key_that_somebody_damaged_is_named_and_left(bench: KeysBench) -> None:
    [record] = bench.data_keys()
    bench.store.behind.replace_wrapped([RewrappedKey(record.key_id, record.wrapped or b"", b"torn", record.kek)])
    bench.kek.rotate()
    result = bench.operations().rewrap()
    assert list(result.refused) == [record.key_id]
    assert result.done == 5
    assert bench.data_keys()[0].wrapped == b"torn"


def test_what_is_destroyed_or_rewrapped_meanwhile_stays_so(bench: KeysBench) -> None:
    bench.kek.rotate()
    destroyed, other = bench.data_keys()[0], bench.data_keys("t1")[0]

    def somebody() -> None:
        bench.store.behind.destroy_data_key(destroyed.key_id)
        bench.store.behind.replace_wrapped(
            [RewrappedKey(other.key_id, other.wrapped or b"", bench.kek.rewrap([other.wrapped])[0], other.kek)]
        )

    bench.kek.before["unwrap"] = somebody
    result = bench.operations().rewrap()
    assert (result.done, result.changed_meanwhile) == (4, 2)
    assert bench.data_keys()[0].wrapped is None


@pytest.mark.parametrize("operation", ["versions", "rewrap", "unwrap"])
def test_an_outage_in_the_middle_leaves_every_key_usable(operation: str) -> None:
    bench = KeysBench(tenants=70, persons=1)
    bench.kek.rotate()

    def fail(_: object) -> None:
        bench.kek.failures[operation] = KekUnavailable("stepping down")

    if operation == "versions":
        fail(None)
    with pytest.raises(KekUnavailable) as raised:
        bench.operations(on_progress=fail).rewrap()
    assert raised.value.__context__ is None
    bench.kek.failures.clear()
    assert bench.everything_opens()
    result = bench.operations().rewrap()
    assert result.done + result.already == 210
    assert result.already == (0 if operation == "versions" else 160)


def test_keys_move_to_another_kek_and_both_are_read_meanwhile(bench: KeysBench) -> None:
    new = FakeKek()
    reading = SeveralKeks(bench.kek, new)
    observer = bench.keyrings(reading)
    assert bench.operations(reading).move(new, dry_run=True).done == 6
    result = bench.operations(reading).move(new)
    assert (result.done, result.already) == (6, 0)
    assert {one.kek for one in bench.all_keys()} == {new.name}
    assert bench.everything_opens(reading)
    bench.cipher("t0", observer).open_many(bench.sealed["t0"][0])
    late = bench.cipher("t7", bench.keyrings(reading)).seal(
        {"id": 1, "email": "a@b.example", "iban": "x", "country": "UK"}
    )
    swapped = SeveralKeks(new, bench.kek)
    assert bench.operations(swapped).move().done == 2
    assert bench.everything_opens(new)
    assert bench.cipher("t7", bench.keyrings(new)).open(late)["iban"] == "x"


def test_what_no_kek_here_can_unwrap_is_counted_and_left(bench: KeysBench) -> None:
    other = FakeKek()
    bench.keyrings(other).keyring(Scope("t9", "fields")).primary(uses=0)
    bench.kek.rotate()
    assert bench.operations().rewrap().elsewhere == 1
    new = FakeKek()
    assert bench.operations(SeveralKeks(bench.kek, new)).move(new).elsewhere == 1


def test_a_kek_without_versions_says_how_it_is_replaced() -> None:
    bench = KeysBench(kek=FakeKek())
    with pytest.raises(KekNotVersioned, match="one version") as refused:
        bench.operations().rewrap()
    assert "keys move" in (refused.value.hint or "")
