"""One primary; rotate; destroy; and what is fetched while it changes (spec keyring-v1 §5)."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from plugins.customers import PEOPLE, cipher, customer, person
from plugins.spied_store import SpiedStore

from fieldvault import RecordCipher, Scope
from fieldvault.core.derive import derive_key_id
from fieldvault.errors import (
    KeyCommitmentMismatch,
    KeyDestroyed,
    KeyExhausted,
    KeyStoreConflict,
    KeyStoreError,
    KeyWrapRefused,
    SchemaError,
)
from fieldvault.keyring import DataKey
from fieldvault.keyring.data_key import admit
from fieldvault.keystore import MemoryKeyStore
from fieldvault.ports import DataKeyRecord, KeyState
from fieldvault.testing import FakeClock, FakeKek, memory_keyrings

FIELDS = Scope("acme", "fields")


def states(records: RecordCipher) -> list[KeyState]:
    return [record.state for record in records.keyring._store.data_keys(records.keyring.scope)]


def test_rotate_old_opens_new_seals() -> None:
    records = cipher()
    old = records.seal(customer(1))
    key = records.keyring.rotate()
    new = records.seal(customer(2))
    assert old["email"][1:17] != new["email"][1:17] == key.key_id
    assert records.open_many([old, new]) == [customer(1), customer(2)]
    assert states(records) == [KeyState.DECRYPT_ONLY, KeyState.ACTIVE]
    fresh = cipher(keyrings=memory_keyrings(kek=records.keyring._kek, store=records.keyring._store))
    assert fresh.open_many([new, old]) == [customer(2), customer(1)]
    assert fresh.seal(customer(3))["email"][1:17] == key.key_id


def test_rotate_of_an_empty_scope_makes_its_first_key() -> None:
    records = cipher()
    records.keyring.rotate()
    assert states(records) == [KeyState.ACTIVE]


def test_versions_count_from_one_and_are_never_reused() -> None:
    records = cipher()
    for _ in range(3):
        records.keyring.destroy(records.keyring.rotate().key_id)
    records.seal(customer())
    found = records.keyring._store.data_keys(FIELDS)
    assert [record.version for record in found] == [1, 2, 3, 4]
    assert [record.state for record in found] == [KeyState.DESTROYED] * 3 + [KeyState.ACTIVE]
    assert [record.wrapped is None for record in found] == [True, True, True, False]


def test_what_a_destroyed_key_sealed_is_gone_here_at_once() -> None:
    records = cipher()
    sealed = records.seal(customer(1))
    records.keyring.destroy(sealed["email"][1:17])
    with pytest.raises(KeyDestroyed) as raised:
        records.open(sealed)
    assert raised.value.key_id == sealed["email"][1:17]
    assert records.open(again := records.seal(customer(1))) == customer(1)
    assert again["email"][1:17] != sealed["email"][1:17]


def test_destroying_what_wraps_the_people_takes_the_people() -> None:
    records = cipher(PEOPLE)
    sealed = records.seal(person())
    wrapping = records.keyring._subjects._wrapping  # type: ignore[union-attr]
    wrapping.destroy(wrapping.primary(uses=0).key_id)
    with pytest.raises(KeyDestroyed):
        records.open(sealed)


def test_only_a_key_of_this_scope_is_destroyed() -> None:
    keyrings = memory_keyrings()
    ours, theirs = (keyrings.keyring(Scope(tenant, "fields")) for tenant in ("acme", "evil"))
    key_id = theirs.primary(uses=1).key_id
    for unknown in (key_id, bytes(16), b""):
        with pytest.raises(KeyStoreConflict):
            ours.destroy(unknown)
    assert theirs.primary(uses=1).key_id == key_id


def test_subject_keys_belong_to_fields_only() -> None:
    keyrings = memory_keyrings()
    for purpose in ("index", "subjects"):
        keyring = keyrings.keyring(Scope("acme", purpose))
        with pytest.raises(SchemaError):
            keyring.subject_keys(["p1"])
        with pytest.raises(SchemaError):
            keyring.shred_subjects(["p1"])


def test_a_keyring_is_the_same_object_each_time() -> None:
    keyrings = memory_keyrings()
    assert keyrings.keyring(FIELDS) is keyrings.keyring(Scope("acme", "fields"))
    subjects = keyrings.keyring(Scope("acme", "subjects"))
    assert keyrings.keyring(FIELDS)._subjects._wrapping is subjects  # type: ignore[union-attr]


def test_a_255th_index_key_is_the_last() -> None:
    store = SpiedStore()
    keyring = memory_keyrings(store=store).keyring(Scope("acme", "index"))
    first = keyring.add_index_key()
    [record] = store.data_keys(keyring.scope)
    store.behind._data_keys[first.key_id] = replace(record, version=254)
    assert keyring.add_index_key().version == 255
    with pytest.raises(KeyExhausted):
        keyring.add_index_key()


# --- what is fetched while it changes -------------------------------------------------------------


def test_a_key_shredded_while_it_was_fetched_is_not_kept() -> None:
    store = SpiedStore()
    keyrings = memory_keyrings(store=store)
    sealed = cipher(PEOPLE, keyrings).seal(person())
    records = cipher(PEOPLE, memory_keyrings(kek=keyrings.kek, store=store))
    store.after["shredded"] = lambda: records.shred_subjects(["p1"])
    records.open(sealed)  # it was there when we looked
    with pytest.raises(KeyDestroyed):
        records.open(sealed)


def test_a_key_destroyed_while_it_was_fetched_is_not_kept() -> None:
    store = SpiedStore()
    keyrings = memory_keyrings(store=store)
    sealed = cipher(keyrings=keyrings).seal(customer())
    records = cipher(keyrings=memory_keyrings(kek=keyrings.kek, store=store))
    store.after["data_keys"] = lambda: records.keyring.destroy(sealed["email"][1:17])
    records.open(sealed)
    with pytest.raises(KeyDestroyed):
        records.open(sealed)


def test_a_primary_that_was_replaced_while_it_was_fetched_is_not_kept() -> None:
    store = SpiedStore()
    keyrings = memory_keyrings(store=store)
    cipher(keyrings=keyrings).seal(customer())
    records = cipher(keyrings=memory_keyrings(kek=keyrings.kek, store=store))
    new: list[bytes] = []
    store.after["data_keys"] = lambda: new.append(records.keyring.rotate().key_id)
    records.seal(customer())
    assert records.seal(customer())["email"][1:17] == new[0], "rotate() returned, and the old key still seals"


def test_a_primary_that_was_replaced_while_it_was_fetched_is_not_kept_for_what_is_left_of_a_lease() -> None:
    store, clock = SpiedStore(), FakeClock()
    records = cipher(keyrings=memory_keyrings(store=store, clock=clock))
    records.seal(customer())
    clock.advance(300)
    new: list[bytes] = []
    store.after["data_keys"] = lambda: new.append(records.keyring.rotate().key_id)
    records.seal(customer())
    assert records.seal(customer())["email"][1:17] == new[0], "rotate() returned, and the old key still seals"


def test_a_subject_shredded_right_after_its_key_was_made_is_an_error_and_not_another_key() -> None:
    store = SpiedStore()
    records = cipher(PEOPLE, memory_keyrings(store=store))
    store.after["add_subject_keys"] = lambda: store.behind.shred_subjects(
        FIELDS, ["people:p1"], at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    with pytest.raises(KeyStoreError, match="shredded just now"):
        records.seal(person())


def test_a_subject_key_that_somebody_else_made_first_is_used() -> None:
    store, kek = SpiedStore(), FakeKek()
    ours, theirs = (cipher(PEOPLE, memory_keyrings(kek=kek, store=store)) for _ in range(2))
    made: list[Any] = []
    store.after["subject_keys"] = lambda: made.append(theirs.seal(person()))
    sealed = ours.seal(person())
    assert sealed["email"][1:17] == made[0]["email"][1:17]
    assert ours.open(made[0]) == theirs.open(sealed) == person()


def test_a_first_key_that_somebody_else_made_first_is_used() -> None:
    store, kek = SpiedStore(), FakeKek()
    ours, theirs = (cipher(keyrings=memory_keyrings(kek=kek, store=store)) for _ in range(2))
    made: list[Any] = []
    store.after["data_keys"] = lambda: made.append(theirs.seal(customer()))
    assert ours.seal(customer())["email"][1:17] == made[0]["email"][1:17]
    assert len(store.data_keys(FIELDS)) == 1


def test_a_primary_that_keeps_changing_is_given_up() -> None:
    store, kek = SpiedStore(), FakeKek()
    ours = memory_keyrings(kek=kek, store=store).keyring(FIELDS)
    theirs = memory_keyrings(kek=kek, store=store.behind).keyring(FIELDS)

    def again() -> None:
        theirs.rotate()
        store.after["data_keys"] = again

    again()
    with pytest.raises(KeyStoreConflict, match="kept changing"):
        ours.primary(uses=1)


# --- handles ----------------------------------------------------------------------------------


def handle(subject: str | None = None) -> DataKey:
    keyring = memory_keyrings().keyring(FIELDS)
    key = keyring.primary(uses=0) if subject is None else keyring.subject_keys([subject])[subject]
    assert isinstance(key, DataKey)
    return key


@pytest.mark.parametrize("subject", [None, "jane.doe@example.org"])
@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_handle_is_not_pickled_or_copied(subject: str | None, duplicate: Callable[[object], object]) -> None:
    key = handle(subject)
    for one in (key, [key], {"key": key}):
        if duplicate is copy.copy and one is not key:
            continue
        with pytest.raises(TypeError, match="pickled or copied"):
            duplicate(one)


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.deepcopy])
def test_what_holds_keys_is_not_pickled_or_copied(duplicate: Callable[[object], object]) -> None:
    records = cipher()
    records.seal(customer())
    for holder in (records, records.keyring, records.keyring._cache):
        with pytest.raises(TypeError):
            duplicate(holder)


def test_a_handle_is_not_built_by_hand() -> None:
    with pytest.raises(TypeError, match="by hand"):
        DataKey(object(), bytes(32), bytes(16), FIELDS, None, 1, 0.0)
    with pytest.raises(TypeError):
        DataKey(bytes(32))  # type: ignore[call-arg, arg-type]


@pytest.mark.parametrize("subject", [None, "jane.doe@example.org"])
def test_a_handle_shows_its_id_and_scope_only(subject: str | None) -> None:
    key = handle(subject)
    whose = "" if subject is None else ", a subject"
    assert repr(key) == str(key) == f"<DataKey {key.key_id.hex()} of acme/fields{whose}>"
    assert not hasattr(key, "__dict__")


def test_the_only_door_recomputes_the_key_id() -> None:
    key = bytes(range(32))
    key_id = derive_key_id(key, FIELDS)
    assert isinstance(admit(key, key_id, FIELDS, fetched_at=0), DataKey)
    for refused in (
        admit(key, key_id, Scope("evil", "fields"), fetched_at=0),
        admit(key, key_id, FIELDS, subject="p1", fetched_at=0),
        admit(bytes(32), key_id, FIELDS, fetched_at=0),
        admit(key, bytes(16), FIELDS, fetched_at=0),
        admit(key, key_id[:15], FIELDS, fetched_at=0),
        admit(key, b"", FIELDS, fetched_at=0),
    ):
        assert isinstance(refused, KeyCommitmentMismatch)
    for size in (0, 16, 24, 31, 33, 64):
        short = bytes(size)
        refused = admit(short, derive_key_id(short, FIELDS) if size else bytes(16), FIELDS, fetched_at=0)
        assert isinstance(refused, KeyWrapRefused)


def test_a_record_of_the_key_store_hides_the_wrapped_key() -> None:
    record = DataKeyRecord(
        bytes(16), FIELDS, 1, KeyState.ACTIVE, "fake:", b"wrapped-secret", datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert "wrapped-secret" not in repr(record)


def test_a_key_that_another_kek_wrapped_is_refused_by_name() -> None:
    store = MemoryKeyStore()
    store.create()
    sealed = cipher(keyrings=memory_keyrings(store=store)).seal(customer())
    other = cipher(keyrings=memory_keyrings(store=store))
    with pytest.raises(KeyWrapRefused, match="is wrapped by fake:"):
        other.open(sealed)
    with pytest.raises(KeyWrapRefused, match="is wrapped by fake:"):
        other.seal(customer())


def test_a_key_that_is_destroyed_stays_so_though_its_wrapped_key_is_back() -> None:
    store = MemoryKeyStore()
    store.create()
    kek = FakeKek()
    records = cipher(keyrings=memory_keyrings(kek=kek, store=store))
    sealed = records.seal(customer())
    [record] = store.data_keys(Scope("acme", "fields"))
    store.destroy_data_key(record.key_id)
    back = replace(record, state=KeyState.DESTROYED)  # a database writer put the wrapped key back

    class Restored(SpiedStore):
        def data_keys(self, scope: Scope) -> list[DataKeyRecord]:
            return [back if one.key_id == record.key_id else one for one in store.data_keys(scope)]

    with pytest.raises(KeyDestroyed):
        cipher(keyrings=memory_keyrings(kek=kek, store=Restored())).open(sealed)
