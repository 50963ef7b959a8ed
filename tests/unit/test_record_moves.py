"""A value moved to another row, column, table, tenant or person never opens; nor does one under a moved key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from plugins.customers import CUSTOMERS, PEOPLE, cipher, customer, person

from fieldvault import (
    BatchError,
    Keyrings,
    OpenError,
    PlainField,
    RecordCipher,
    Schema,
    SealedField,
    Stage,
    Tenancy,
)
from fieldvault.core.context import Scope
from fieldvault.keystore import MemoryKeyStore
from fieldvault.testing import FakeKek, memory_keyrings


def refused_at(records: RecordCipher, record: dict[str, Any]) -> Stage:
    with pytest.raises(OpenError) as raised:
        records.open(record)
    return raised.value.stage


def renamed(schema: Schema, name: str) -> Schema:
    return Schema(name, list(schema.fields.values()), row_id=schema.row_id, subject=schema.subject)


def test_another_row() -> None:
    records = cipher()
    one, other = records.seal_many([customer(1), customer(2)])
    assert refused_at(records, one | {"email": other["email"]}) is Stage.AUTHENTICATE
    assert refused_at(records, one | {"id": 2}) is Stage.AUTHENTICATE


def test_a_field_that_is_not_row_bound_moves_between_rows_as_declared() -> None:
    records = cipher()
    one, other = records.seal_many([customer(1), customer(2, country="JO")])
    assert records.open(one | {"country": other["country"]})["country"] == "JO"


def test_another_column() -> None:
    records = cipher()
    sealed = records.seal(customer())
    assert refused_at(records, {"id": 1, "iban": sealed["email"]}) is Stage.AUTHENTICATE
    assert refused_at(records, {"id": 1, "country": sealed["email"]}) is Stage.AUTHENTICATE
    assert refused_at(records, {"id": 1, "email": sealed["country"]}) is Stage.AUTHENTICATE


def test_another_table() -> None:
    keyrings = memory_keyrings()
    sealed = cipher(keyrings=keyrings).seal(customer())
    vendors = cipher(renamed(CUSTOMERS, "vendors"), keyrings)
    assert refused_at(vendors, sealed) is Stage.AUTHENTICATE


def test_another_tenant() -> None:
    keyrings = memory_keyrings()
    sealed = cipher(keyrings=keyrings).seal(customer())
    evil = cipher(keyrings=keyrings, tenant="evil")
    assert refused_at(evil, sealed) is Stage.KEY
    evil.seal(customer())
    assert refused_at(evil, sealed) is Stage.KEY


def test_the_global_scope_is_another_tenant() -> None:
    keyrings = memory_keyrings()
    shared = Schema("customers", list(CUSTOMERS.fields.values()), row_id="id", tenancy=Tenancy.GLOBAL)
    everybody = RecordCipher(shared, keyrings)
    sealed = everybody.seal(customer())
    assert everybody.open(sealed) == customer()
    assert refused_at(cipher(keyrings=keyrings), sealed) is Stage.KEY
    assert refused_at(everybody, cipher(keyrings=keyrings).seal(customer())) is Stage.KEY


def test_another_key_store() -> None:
    assert refused_at(cipher(), cipher().seal(customer())) is Stage.KEY


def test_another_kek_over_the_same_key_store() -> None:
    store = MemoryKeyStore()
    sealed = cipher(keyrings=memory_keyrings(store=store)).seal(customer())
    assert refused_at(cipher(keyrings=memory_keyrings(store=store)), sealed) is Stage.UNWRAP


# --- rows of the key store, moved or changed ------------------------------------------------------


class Moved:
    """A key store with two tenants and two people, of which a thief with write access changes rows."""

    def __init__(self) -> None:
        self.kek, self.store = FakeKek(), MemoryKeyStore()
        self.sealed = self.cipher("acme").seal(customer())
        self.cipher("evil").seal(customer())
        self.sealed_person = self.people("acme").seal(person())
        self.people("acme").seal(person(2))
        self.people("evil").seal(person())

    def cipher(self, tenant: str) -> RecordCipher:
        """A process of its own, with a cold cache."""
        return cipher(CUSTOMERS, Keyrings(self.kek, self.store), tenant=tenant)

    def people(self, tenant: str) -> RecordCipher:
        """The same, for people."""
        return cipher(PEOPLE, Keyrings(self.kek, self.store), tenant=tenant)

    def data_key(self, tenant: str) -> Any:
        return self.store.data_keys(Scope(tenant, "fields"))[0]

    def subject_key(self, tenant: str, person: str) -> Any:
        return self.store._subject_keys[Scope(tenant, "fields")][person]


def test_a_wrapped_data_key_moved_to_another_tenants_row() -> None:
    moved = Moved()
    evil, acme = moved.data_key("evil"), moved.data_key("acme")
    moved.store._data_keys[acme.key_id] = replace(acme, wrapped=evil.wrapped)
    assert refused_at(moved.cipher("acme"), moved.sealed) is Stage.COMMITMENT
    with pytest.raises(OpenError) as raised:
        moved.cipher("acme").seal(customer(9))
    assert raised.value.stage is Stage.COMMITMENT


def test_a_data_keys_row_moved_to_another_tenant() -> None:
    moved = Moved()
    acme, evil = moved.data_key("acme"), moved.data_key("evil")
    moved.store._data_keys[acme.key_id] = replace(acme, scope=Scope("evil", "fields"), version=7)
    del moved.store._data_keys[evil.key_id]
    assert refused_at(moved.cipher("evil"), moved.sealed) is Stage.COMMITMENT
    with pytest.raises(OpenError) as raised:
        moved.cipher("evil").seal(customer())
    assert raised.value.stage is Stage.COMMITMENT


def test_a_data_keys_row_moved_to_another_purpose() -> None:
    moved = Moved()
    acme = moved.data_key("acme")
    moved.store._data_keys[acme.key_id] = replace(acme, scope=Scope("acme", "subjects"), version=7)
    assert refused_at(moved.cipher("acme"), moved.sealed) is Stage.KEY


def test_a_subject_keys_row_moved_to_another_person() -> None:
    moved = Moved()
    one, two = moved.subject_key("acme", "people:p1"), moved.subject_key("acme", "people:p2")
    keys = moved.store._subject_keys[Scope("acme", "fields")]
    for row in (replace(one, wrapped=two.wrapped), replace(two, subject="people:p1", key_id=one.key_id)):
        keys["people:p1"] = row
        assert refused_at(moved.people("acme"), moved.sealed_person) is Stage.UNWRAP
        with pytest.raises(OpenError) as raised:
            moved.people("acme").seal(person())
        assert raised.value.stage is Stage.UNWRAP


def test_a_subject_keys_row_moved_to_another_tenant() -> None:
    moved = Moved()
    acme, evil = moved.subject_key("acme", "people:p1"), moved.subject_key("evil", "people:p1")
    moved.store._subject_keys[Scope("acme", "fields")]["people:p1"] = replace(acme, wrapped=evil.wrapped)
    assert refused_at(moved.people("acme"), moved.sealed_person) is Stage.KEY


def test_every_bit_of_a_wrapped_subject_key() -> None:
    moved = Moved()
    row = moved.subject_key("acme", "people:p1")
    keys = moved.store._subject_keys[Scope("acme", "fields")]
    stages = []
    for bit in range(8 * len(row.wrapped)):
        changed = bytearray(row.wrapped)
        changed[bit // 8] ^= 1 << bit % 8
        keys["people:p1"] = replace(row, wrapped=bytes(changed))
        stages.append(refused_at(moved.people("acme"), moved.sealed_person))
    assert stages == [Stage.KEY if 1 <= bit // 8 < 17 else Stage.UNWRAP for bit in range(len(stages))]
    for wrapped in [row.wrapped[:length] for length in range(1, 77)] + [row.wrapped + b"\0"]:
        keys["people:p1"] = replace(row, wrapped=wrapped)
        assert refused_at(moved.people("acme"), moved.sealed_person) is Stage.UNWRAP


def test_every_bit_of_a_data_keys_stored_id_and_wrap() -> None:
    moved = Moved()
    row = moved.data_key("acme")
    for bit in range(0, 8 * len(row.wrapped), 5):
        changed = bytearray(row.wrapped)
        changed[bit // 8] ^= 1 << bit % 8
        moved.store._data_keys[row.key_id] = replace(row, wrapped=bytes(changed))
        assert refused_at(moved.cipher("acme"), moved.sealed) is Stage.UNWRAP
    del moved.store._data_keys[row.key_id]
    other = bytes((row.key_id[0] ^ 1,)) + row.key_id[1:]
    moved.store._data_keys[other] = replace(row, key_id=other)
    assert refused_at(moved.cipher("acme"), moved.sealed) is Stage.KEY
    with pytest.raises(OpenError) as raised:
        moved.cipher("acme").seal(customer(9))
    assert raised.value.stage is Stage.COMMITMENT


# --- people -----------------------------------------------------------------------------------


def test_another_persons_value_is_refused_even_where_it_is_not_row_bound() -> None:
    records = cipher(PEOPLE)
    one, other = records.seal_many([person(1), person(2)])
    assert refused_at(records, one | {"country": other["country"]}) is Stage.KEY
    assert refused_at(records, one | {"person": "p2"}) is Stage.KEY
    with pytest.raises(BatchError) as raised:
        records.open_column("country", [one["country"], one["country"]], subjects=["p1", "p2"])
    assert {at: error.stage for at, error in raised.value.failures.items()} == {1: Stage.KEY}  # type: ignore[attr-defined]


def test_a_value_under_the_tenants_own_key_is_refused_where_people_have_theirs() -> None:
    # Else an erased person's value could be put back under a key that outlives the erasure (keyring-v1 §6).
    keyrings = memory_keyrings()
    plain = Schema(PEOPLE.name, [PlainField("id", int), *PEOPLE.sealed.values()], row_id="id")
    sealed = cipher(plain, keyrings).seal({"id": 1, "country": "UK"})
    people = cipher(PEOPLE, keyrings)
    assert refused_at(people, sealed | {"person": "p1"}) is Stage.KEY


def test_a_shredded_persons_values_are_gone_and_others_stay() -> None:
    records = cipher(PEOPLE)
    sealed = records.seal_many([person(1), person(2)])
    [gone] = records.shred_subjects(["p1", "nobody"])
    result = records.open_many_partially(sealed)
    assert result.values == [None, person(2)]
    assert type(result.failures[0]).__name__ == "KeyDestroyed"
    assert result.failures[0].key_id == gone  # type: ignore[attr-defined]
    again = records.seal(person(1))
    assert records.open(again) == person(1)
    assert refused_at(records, sealed[0]) is Stage.KEY


def test_a_schema_without_people_is_not_fooled_by_a_persons_row_id() -> None:
    composite = Schema("t", [PlainField("a"), PlainField("b"), SealedField("v")], row_id=("a", "b"))
    records = cipher(composite)
    sealed = records.seal({"a": "x-y", "b": "z", "v": "1"})
    assert refused_at(records, sealed | {"a": "x", "b": "y-z"}) is Stage.AUTHENTICATE
    assert records.open(sealed)["v"] == "1"
