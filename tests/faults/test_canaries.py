"""No canary and no key is shown by what fails, what is returned, or what is logged (`plugins/canaries.py`)."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from plugins import canaries
from plugins.canaries import (
    CANARY,
    NUMBER,
    PERSON,
    SCHEMA,
    TENANT,
    World,
    damaged_at,
    raise_all,
    record,
    shown_when,
)
from plugins.secrecy import found_in

from fieldvault import FieldvaultError, PlainField, RecordCipher, Schema, SealedField
from fieldvault.core.aead import AeadKey
from fieldvault.keystore import SqlKeyStore
from fieldvault.testing import FakeKek, memory_keyrings

keys, world = canaries.keys, canaries.world  # fixtures

SEALING: dict[str, dict[str, Any]] = {
    "wrong type": {"note": CANARY.encode()},
    "wrong type within JSON": {"extra": {CANARY: {CANARY}}},
    "a number for text": {"note": NUMBER},
    "text that is not UTF-8": {"note": CANARY + "\ud800"},
    "JSON that is not UTF-8": {"extra": {CANARY: CANARY + "\ud800"}},
    "JSON that nests too deep": {
        "extra": __import__("functools").reduce(lambda inner, _: [inner], range(5000), CANARY)
    },
    "too long for its padding": {"note": CANARY * 3},
    "no e-mail": {"email": CANARY},
    "an e-mail that is not UTF-8": {"email": f"{CANARY}\ud800@example.org"},
    "an e-mail of the wrong type": {"email": NUMBER},
    "an unknown column": {"unknown": CANARY},
    "no row id": {"id": None},
    "an empty row id": {"id": ""},
    "a row id of another type": {"id": NUMBER},
    "a row id that is not UTF-8": {"id": CANARY + "\ud800"},
    "no person": {"person": None},
    "a person with a control character": {"person": PERSON + "\n"},
    "a person that is not UTF-8": {"person": PERSON + "\ud800"},
    "a person that is too long": {"person": PERSON * 9},
}

WORKS: dict[str, Callable[[RecordCipher, dict[str, Any]], object]] = {
    "seal": lambda records, one: records.seal(one),
    "seal_many": lambda records, one: records.seal_many([record(), one, record()]),
    "seal_batches": lambda records, one: list(records.seal_batches([[record()], [one]])),
    "seal_many_partially": lambda records, one: raise_all(records.seal_many_partially([record(), one])),
}


@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize("case", SEALING)
def test_records_that_cannot_be_sealed(world: World, case: str, work: str) -> None:
    shown = shown_when(lambda: WORKS[work](world.records, record() | SEALING[case]))
    assert found_in(shown, world.secrets) == []


def column_cases() -> dict[str, Callable[[RecordCipher], object]]:
    one = {"row_ids": ["r1"], "subjects": [PERSON]}
    return {
        "seal wrong type": lambda r: r.seal_column("note", [NUMBER], **one),
        "seal unknown field": lambda r: r.seal_column("unknown", [CANARY], **one),
        "seal without row ids": lambda r: r.seal_column("note", [CANARY], subjects=[PERSON]),
        "seal without subjects": lambda r: r.seal_column("note", [CANARY], row_ids=["r1"]),
        "seal too many row ids": lambda r: r.seal_column(
            "note", [CANARY], row_ids=["r1", CANARY], subjects=[PERSON]
        ),
        "seal too many subjects": lambda r: r.seal_column("note", [CANARY], row_ids=["r1"], subjects=[PERSON] * 2),
        "seal partially unknown field": lambda r: r.seal_column_partially("unknown", [CANARY], **one),
        "open unknown field": lambda r: r.open_column("unknown", [b""], **one),
        "open no envelope": lambda r: r.open_column("note", [CANARY], **one),
        "open no envelope, partially": lambda r: raise_all(r.open_column_partially("note", [CANARY], **one)),
        "open unknown field, partially": lambda r: r.open_column_partially("unknown", [CANARY], **one),
        "open without subjects": lambda r: r.open_column("note", [CANARY], row_ids=["r1"]),
        "index no e-mail": lambda r: r.index_column("email", [CANARY]),
        "index unknown field": lambda r: r.index_column("unknown", [CANARY]),
        "index of no index": lambda r: r.index_column("note", [CANARY]),
        "search no e-mail": lambda r: r.index_values("email", CANARY),
        "search unknown field": lambda r: r.index_values("unknown", CANARY),
        "search unknown index": lambda r: r.index_values("email", CANARY, index="unknown"),
        "match unknown field": lambda r: r.matches("unknown", CANARY, CANARY),
        "match unknown index": lambda r: r.matches("email", CANARY, CANARY, index="unknown"),
        "seal an Arrow column of another type": lambda r: r.seal_column("note", pa.array([CANARY.encode()]), **one),
        "shred no name": lambda r: r.keyring.shred_subjects([PERSON, PERSON + "\n"]),
        "shred what is not UTF-8": lambda r: r.keyring.shred_subjects([PERSON + "\ud800"]),
    }


@pytest.mark.parametrize("case", column_cases())
def test_columns_that_cannot_be_worked_on(world: World, case: str) -> None:
    shown = shown_when(lambda: column_cases()[case](world.records))
    assert found_in(shown, world.secrets) == []


def test_an_arrow_column_that_holds_no_such_number(world: World) -> None:
    sealed = world.records.seal_column("number", [NUMBER], subjects=[PERSON])
    shown = shown_when(lambda: world.records.open_column("number", pa.array(sealed), subjects=[PERSON]))
    assert found_in(shown, world.secrets) == []


@pytest.mark.parametrize("how", ["tag", "nonce", "key id", "version", "short", "other row", "other person", "type"])
def test_envelopes_that_do_not_open(world: World, how: str) -> None:
    sealed = dict(world.sealed)
    other = world.records.seal(record(id="r2", person=PERSON + "2"))
    cell: bytes = sealed["note"]
    sealed["note"] = {
        "tag": damaged_at(cell, len(cell) - 1),
        "nonce": damaged_at(cell, 20),
        "key id": damaged_at(cell, 5),
        "version": damaged_at(cell, 0),
        "short": cell[:40],
        "other row": other["note"],
        "other person": other["note"],
        "type": cell,
    }[how]
    records = world.records
    if how == "type":
        fields = [PlainField("id"), PlainField("person"), SealedField("note", int)]
        records = world.cipher(Schema("people", fields, row_id="id", subject="person"))
        sealed = {name: sealed[name] for name in ("id", "person", "note")}
    for work in (records.open, lambda one: records.open_many([one, one])):
        assert found_in(shown_when(lambda work=work: work(sealed)), world.secrets) == []  # type: ignore[misc]
    column = {"row_ids": [sealed["id"]], "subjects": [PERSON]}
    assert (
        found_in(shown_when(lambda: records.open_column("note", [sealed["note"]], **column)), world.secrets) == []
    )


# --- what is returned, and what stays in memory ----------------------------------------------------


def test_nothing_that_can_be_reached_from_a_cipher_shows_a_secret(world: World) -> None:
    records = world.records
    opened = records.open_many_partially([world.sealed, world.sealed | {"note": b""}])
    records.index_values("email", f"{CANARY}@example.org")
    sealed = records.seal_many_partially([record(), record(note=7)])
    roots = [records, opened, sealed, SCHEMA, world.kek]
    texts = [f"{one!r} {one!s}" for one in roots]
    seen: set[int] = set()
    pending: list[Any] = list(roots)
    while pending:
        one = pending.pop()
        if id(one) in seen or isinstance(one, type | str | bytes | dict | list | tuple | set):
            seen.add(id(one))
            if isinstance(one, dict | list | tuple | set):
                pending += _inside(one, seen)
            continue
        seen.add(id(one))
        if type(one).__module__.startswith("fieldvault"):
            texts.append(f"{one!r} {one!s} {one:}")
            pending += gc.get_referents(one)
    assert len(texts) > 60
    assert any("DataKey" in text for text in texts)
    assert found_in("\n".join(texts), world.secrets) == []


def _inside(container: Any, seen: set[int]) -> list[Any]:
    values = [*container.values(), *container.keys()] if isinstance(container, dict) else list(container)
    return [one for one in values if id(one) not in seen]


def test_keys_show_themselves_to_nobody(world: World) -> None:
    for raw in world.keys:
        assert found_in(repr(AeadKey(raw, bytes(16))), world.secrets) == []


@pytest.mark.parametrize("echo", [True, "debug"])
def test_the_sql_echo_shows_no_key_and_no_person(
    keys: list[bytes], echo: Any, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{tmp_path / 'keys.db'}", echo=echo)
    with caplog.at_level(logging.DEBUG), SqlKeyStore(engine) as store:
        store.create()
        kek = FakeKek()
        records = RecordCipher(SCHEMA, memory_keyrings(kek=kek, store=store), tenant=TENANT)
        sealed = records.seal(record())
        fresh = RecordCipher(SCHEMA, memory_keyrings(kek=kek, store=store), tenant=TENANT)
        assert fresh.open(sealed) == record()
        fresh.seal(record())
        fresh.shred_subjects([PERSON])
        with pytest.raises(FieldvaultError):
            fresh.open(sealed)
    engine.dispose()
    assert any(one.name.startswith("sqlalchemy") for one in caplog.records), "the echo is what this test is about"
    shown = "\n".join(f"{one.getMessage()} {one.args!r}" for one in caplog.records)
    assert found_in(shown, [CANARY, PERSON, *keys]) == []
