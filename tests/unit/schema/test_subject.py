"""Persons are named by kind and id: who is the same person, and what an erasure reaches (spec keyring-v1 §2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from plugins.customers import CUSTOMERS, cipher

from fieldvault import Keyrings, PlainField, RecordCipher, Schema, SealedField, Stage
from fieldvault.codec import codec_for
from fieldvault.errors import KeyDestroyed, OpenError, SchemaError, ValueRefused
from fieldvault.schema import Subject
from fieldvault.testing import memory_keyrings


def table(name: str, subject: Subject | str | None, keyrings: Keyrings, declared: type = int) -> RecordCipher:
    schema = Schema(name, [PlainField("who", declared), SealedField("v", row_bound=False)], subject=subject)
    return cipher(schema, keyrings)


def key_of(records: RecordCipher, who: Any) -> bytes:
    return bytes(records.seal({"who": who, "v": "x"})["v"][1:17])


def test_tables_of_one_kind_share_each_persons_key_and_lose_it_together() -> None:
    keyrings = memory_keyrings()
    customers, orders = (table(name, Subject("who", kind="customer"), keyrings) for name in ("customers", "orders"))
    sealed = [one.seal({"who": 7, "v": "x"}) for one in (customers, orders)]
    assert sealed[0]["v"][1:17] == sealed[1]["v"][1:17]
    other = orders.seal({"who": 8, "v": "x"})
    [gone] = customers.shred_subjects([7, 7, 9])
    assert gone == sealed[0]["v"][1:17]
    for one, record in zip((customers, orders), sealed, strict=True):
        with pytest.raises(KeyDestroyed):
            one.open(record)
    assert orders.open(other) == {"who": 8, "v": "x"}


def test_customer_7_and_vendor_7_are_two_persons() -> None:
    keyrings = memory_keyrings()
    customers, vendors, plain = (
        table("customers", Subject("who", kind="customer"), keyrings),
        table("vendors", Subject("who", kind="vendor"), keyrings),
        table("plain", "who", keyrings),
    )
    assert len({key_of(one, 7) for one in (customers, vendors, plain)}) == 3
    sealed = vendors.seal({"who": 7, "v": "x"})
    customers.shred_subjects([7])
    assert vendors.open(sealed) == {"who": 7, "v": "x"}


def test_a_name_alone_makes_persons_of_that_schema() -> None:
    keyrings = memory_keyrings()
    named, plain = table("plain", Subject("who", kind="plain"), keyrings), table("plain", "who", keyrings)
    assert key_of(named, 7) == key_of(plain, 7)


def test_kind_and_id_are_told_apart() -> None:
    keyrings = memory_keyrings()
    one = table("t", Subject("who", kind="a"), keyrings, str)
    other = table("t", Subject("who", kind="a-b"), keyrings, str)
    assert key_of(one, "b:c") != key_of(one, "b") != key_of(other, "c")
    for kind in ("a:b", ":", "", "a\n", "x" * 256, "\ud800"):
        with pytest.raises(SchemaError):
            Subject("who", kind=kind)


@pytest.mark.parametrize(
    ("declared", "one", "name"),
    [(str, "7", "k:7"), (int, -7, "k:-7"), (UUID, UUID(int=7), f"k:{UUID(int=7)}"), (str, "a:b", "k:a:b")],
)
def test_the_name_of_a_person(declared: type, one: Any, name: str) -> None:
    assert Subject("who", kind="k").names_of([one, one], codec_for(declared)) == [name, name]


@pytest.mark.parametrize(
    ("declared", "one"), [(int, "7"), (int, 7.0), (int, True), (str, 7), (UUID, str(UUID(int=7)))]
)
def test_an_erasure_by_another_type_is_refused_and_erases_nobody(declared: type, one: Any) -> None:
    keyrings = memory_keyrings()
    records = table("t", "who", keyrings, declared)
    right = {int: 7, str: "7", UUID: UUID(int=7)}[declared]
    sealed = records.seal({"who": right, "v": "x"})
    with pytest.raises(ValueRefused):
        records.shred_subjects([right, one])
    assert records.open(sealed)["v"] == "x"
    with pytest.raises(SchemaError):
        records.shred_subjects([None])


def test_a_schema_without_a_subject_shreds_nobody() -> None:
    with pytest.raises(SchemaError, match="has no subject"):
        cipher(CUSTOMERS).shred_subjects([1])


def test_one_persons_damaged_key_fails_that_persons_records_only() -> None:
    keyrings = memory_keyrings()
    records = table("t", "who", keyrings)
    sealed = records.seal_many([{"who": 1, "v": "x"}, {"who": 2, "v": "y"}])
    store: Any = keyrings.store
    for rows in store._subject_keys.values():
        rows["t:1"] = replace(rows["t:1"], wrapped=bytes(77))
    fresh = table("t", "who", memory_keyrings(kek=keyrings.kek, store=store))
    result = fresh.open_many_partially(sealed)
    assert result.values == [None, {"who": 2, "v": "y"}]
    assert isinstance(result.failures[0], OpenError)
    assert result.failures[0].stage is Stage.UNWRAP
    again = fresh.seal_many_partially([{"who": 2, "v": "y"}, {"who": 1, "v": "x"}])
    assert list(again.failures) == [1]
    assert again.values[0] is not None


def test_a_row_that_a_backup_brought_back_stays_shredded() -> None:
    keyrings = memory_keyrings()
    records = table("t", "who", keyrings)
    sealed = records.seal({"who": 1, "v": "x"})
    store: Any = keyrings.store
    [(scope, rows)] = store._subject_keys.items()
    kept = rows["t:1"]
    records.shred_subjects([1])
    store._subject_keys[scope]["t:1"], store._place_of[kept.key_id] = kept, (scope, "t:1")
    for work in (records.open, records.seal):
        with pytest.raises(KeyDestroyed):
            work(sealed if work == records.open else {"who": 1, "v": "x"})
    records.shred_subjects([1])
    assert records.open(records.seal({"who": 1, "v": "x"})) == {"who": 1, "v": "x"}
