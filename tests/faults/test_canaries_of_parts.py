"""No canary and no key is shown when the KEK, the key store or a stored key fails (`plugins/canaries.py`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from plugins import canaries
from plugins.canaries import CANARY, NUMBER, PERSON, TENANT, World, damaged_at, raise_all, record
from plugins.secrecy import found_in, shown_by

from fieldvault import FieldvaultError, Keyrings, Scope
from fieldvault.errors import KekUnavailable, KeyStoreConflict
from fieldvault.keystore import MemoryKeyStore

keys, world = canaries.keys, canaries.world  # fixtures


def _kek_down(world: World) -> None:
    world.kek.fail_with(KekUnavailable("sealed"))


def _store_away(world: World) -> None:
    world.store.away = True


def _kek_down_after(method: str) -> Callable[[World], None]:
    return lambda world: world.store.after.update({method: lambda: _kek_down(world)})


def _away_after(method: str) -> Callable[[World], None]:
    return lambda world: world.store.after.update({method: lambda: _store_away(world)})


def _conflicts(world: World) -> None:
    def always(*args: Any, **kwargs: Any) -> Any:
        raise KeyStoreConflict("the primary key is another one by now")

    world.store.behind.add_primary = always
    world.store.behind.lease_uses = always


def _other_scopes_key(world: World) -> None:
    # A wrapped key of another tenant: the KEK unwraps it, the commitment refuses it.
    other = Keyrings(world.kek, MemoryKeyStore())
    for purpose in ("fields", "subjects", "index"):
        key = other.keyring(Scope("other", purpose)).primary(uses=0)
        [row] = other.store.data_keys(key.scope)
        world.change(purpose, wrapped=row.wrapped)


def _wrapped_damaged(world: World) -> None:
    for purpose in ("subjects", "index"):
        world.change(purpose, wrapped=b"\x01" * 69)


def _short_key(world: World) -> None:
    world.kek._unwrap_one = lambda _: world.keys[-1][:31]  # type: ignore[method-assign]


def _destroyed(world: World) -> None:
    for purpose in ("subjects", "index"):
        for row in world.store.behind.data_keys(Scope(TENANT, purpose)):
            world.store.behind.destroy_data_key(row.key_id)


def _shredded(world: World) -> None:
    world.cipher().shred_subjects([PERSON])


def _wrapped_subject_damaged(world: World) -> None:
    for rows in world.store.behind._subject_keys.values():
        for subject, row in rows.items():
            rows[subject] = replace(row, wrapped=damaged_at(row.wrapped, 40))


PARTS: dict[str, Callable[[World], None]] = {
    "KEK down": _kek_down,
    "KEK down once people are read": _kek_down_after("subject_keys"),
    "key store away": _store_away,
    **{
        f"key store away after {method}": _away_after(method)
        for method in ("data_keys", "subject_keys", "shredded")
    },
    "conflicts": _conflicts,
    "wrapped key damaged": lambda world: (
        [world.change(p, wrapped=b"\x01" * 69) for p in ("subjects", "index")] and None
    ),
    "wrapped key of another scope": _other_scopes_key,
    "a KEK that returns 31 bytes": _short_key,
    "data keys destroyed": _destroyed,
    "subject key damaged": _wrapped_subject_damaged,
    "person shredded": _shredded,
}
PART_WORKS: dict[str, Callable[[World], object]] = {
    "seal": lambda world: world.records.seal(record()),
    "seal somebody new": lambda world: world.records.seal(record(person=PERSON + "2")),
    "seal_many": lambda world: world.records.seal_many([record(), record(person=PERSON + "2")]),
    "seal_many_partially": lambda world: raise_all(world.records.seal_many_partially([record(), record(id="2")])),
    "seal_column": lambda world: world.records.seal_column("number", [NUMBER], subjects=[PERSON]),
    "open": lambda world: world.records.open(world.sealed),
    "open_many": lambda world: world.records.open_many([world.sealed]),
    "open_column": lambda world: world.records.open_column("number", [world.sealed["number"]], subjects=[PERSON]),
    "index_column": lambda world: world.records.index_column("email", [f"{CANARY}@example.org"]),
    "index_values": lambda world: world.records.index_values("email", f"{CANARY}@example.org"),
    "search": lambda world: world.records.search("email", f"{CANARY}@example.org"),
    "shred": lambda world: world.records.shred_subjects([PERSON]),
    "rotate": lambda world: world.records.index_keyring.add_index_key(),
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("work", PART_WORKS)
def test_parts_that_fail(world: World, part: str, work: str) -> None:
    PARTS[part](world)
    try:
        PART_WORKS[work](world)
    except FieldvaultError as error:
        shown = shown_by(error)
        assert found_in(shown, world.secrets) == []


def test_the_parts_do_fail(keys: list[bytes]) -> None:
    # So that the cases above are not empty: which of them raise.
    raising = set()
    for part in PARTS:
        for work in PART_WORKS:
            world = World(keys)
            PARTS[part](world)
            try:
                PART_WORKS[work](world)
            except FieldvaultError:
                raising.add((part, work))
    assert {part for part, _ in raising} == PARTS.keys()
    assert {work for _, work in raising} == PART_WORKS.keys()
    assert len(raising) > 80
