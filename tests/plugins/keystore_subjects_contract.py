"""The part of the `KeyStore` contract on subjects' keys; see `keystore_contract`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest
from plugins.keystore_kit import LOOKALIKES, MOMENT, PII, in_threads, refused, subject_key

from fieldvault.core.context import Scope
from fieldvault.errors import KeyStoreConflict, KeyStoreError, SchemaError
from fieldvault.ports import KeyStore, SubjectKeyRecord


class SubjectKeyContract:
    """Needs the fixture `store`: a store that was created and is empty."""

    # --- Subjects' keys -------------------------------------------------------------------------

    def test_subject_keys_come_back_by_subject_and_by_id(self, store: KeyStore) -> None:
        bob, eve = subject_key("bob"), subject_key("eve")
        store.add_subject_keys([bob, eve])
        assert store.subject_keys(PII, ["eve", "bob", "bob", "mallory"]) == {"bob": bob, "eve": eve}
        assert store.subject_keys_by_id(PII, [eve.key_id, eve.key_id, bytes(16), b"short"]) == {eve.key_id: eve}
        assert store.subject_keys(PII, {"bob"})["bob"].created_at.tzinfo is UTC

    def test_subject_keys_stay_in_their_scope(self, store: KeyStore) -> None:
        scopes = [PII, Scope("acme", "index"), Scope("Acme", "pii"), Scope(None, "pii")]
        records = [subject_key("bob", scope) for scope in scopes]
        store.add_subject_keys(records)
        for scope, record in zip(scopes, records, strict=True):
            assert store.subject_keys(scope, ["bob"]) == {"bob": record}
            assert store.subject_keys_by_id(scope, [each.key_id for each in records]) == {record.key_id: record}

    def test_a_subject_keeps_the_key_it_has(self, store: KeyStore) -> None:
        store.add_subject_keys([subject_key("bob"), subject_key("bob", generation=2)])
        store.add_subject_keys([subject_key("bob", generation=3), subject_key("eve")])
        store.add_subject_keys([subject_key("bob")])
        assert store.subject_keys(PII, ["bob", "eve"]) == {"bob": subject_key("bob"), "eve": subject_key("eve")}

    def test_subjects_that_look_alike_are_different(self, store: KeyStore) -> None:
        names = [*LOOKALIKES, "x" * 255, "x" * 254, "\u00e9" * 127]
        store.add_subject_keys([subject_key(name) for name in names])
        assert store.subject_keys(PII, names) == {name: subject_key(name) for name in names}
        gone = store.shred_subjects(PII, ["bob", "%"], at=MOMENT)
        assert sorted(gone) == sorted(subject_key(name).key_id for name in ["bob", "%"])
        assert sorted(store.subject_keys(PII, names)) == sorted(set(names) - {"bob", "%"})

    def test_thousands_at_once(self, store: KeyStore) -> None:
        names = [f"subject {number}" for number in range(2_500)]
        store.add_subject_keys([subject_key(name) for name in names])
        found = store.subject_keys(PII, names)
        assert len(found) == 2_500
        ids = [record.key_id for record in found.values()]
        assert len(store.subject_keys_by_id(PII, ids)) == 2_500
        assert sorted(store.shred_subjects(PII, names[100:], at=MOMENT)) == sorted(
            found[name].key_id for name in names[100:]
        )
        assert sorted(store.subject_keys(PII, names)) == sorted(names[:100])
        assert len(store.shredded(ids)) == 2_400

    def test_a_key_id_of_another_subject_is_a_conflict_and_nothing_is_stored(self, store: KeyStore) -> None:
        store.add_subject_keys([subject_key("bob")])
        stolen = subject_key("eve", key_id=subject_key("bob").key_id)
        with refused(KeyStoreConflict, "eve"):
            store.add_subject_keys([subject_key("carol"), stolen])
        with refused(KeyStoreConflict, "eve"):
            store.add_subject_keys([subject_key("carol"), subject_key("eve", key_id=subject_key("carol").key_id)])
        assert store.subject_keys(PII, ["bob", "carol", "eve"]) == {"bob": subject_key("bob")}

    @pytest.mark.parametrize("name", ["", "sec\x00ret", "sec\nret", "sec\ud800ret", "secret" * 50])
    def test_a_name_that_cannot_be_a_subject_is_refused_and_not_shown(self, store: KeyStore, name: str) -> None:
        for call in [
            lambda: store.add_subject_keys([replace(subject_key("x"), subject=name)]),
            lambda: store.subject_keys(PII, [name]),
            lambda: store.shred_subjects(PII, [name], at=MOMENT),
        ]:
            with pytest.raises(SchemaError) as caught:
                call()
            assert "sec" not in str(caught.value)

    @pytest.mark.parametrize(
        "record",
        [
            subject_key("bob", key_id=b"k" * 15),
            subject_key("bob", wrapped=b""),
            subject_key("bob", created_at=MOMENT.replace(tzinfo=None)),
        ],
    )
    def test_what_cannot_be_a_subject_key_is_refused(self, store: KeyStore, record: SubjectKeyRecord) -> None:
        with refused(KeyStoreError, "bob"):
            store.add_subject_keys([subject_key("eve"), record])
        assert store.subject_keys(PII, ["bob", "eve"]) == {}

    def test_many_threads_agree_on_each_subjects_key(self, store: KeyStore) -> None:
        names = [f"subject {number}" for number in range(120)]

        def add(index: int) -> dict[str, SubjectKeyRecord]:
            turned = names[index * 15 :] + names[: index * 15]
            store.add_subject_keys([subject_key(name, generation=index) for name in turned])
            return store.subject_keys(PII, names)

        first, *others = in_threads(add)
        assert len(first) == 120
        assert all(other == first for other in others)

    # --- Shredding ------------------------------------------------------------------------------

    def test_shredding_removes_the_key_and_notes_when(self, store: KeyStore) -> None:
        bob, eve, global_bob = subject_key("bob"), subject_key("eve"), subject_key("bob", Scope(None, "pii"))
        store.add_subject_keys([bob, eve, global_bob])
        at = MOMENT.astimezone(timezone(timedelta(hours=-3)))
        assert store.shred_subjects(PII, ["bob", "mallory"], at=at) == [bob.key_id]
        assert store.shred_subjects(PII, ["bob"], at=MOMENT + timedelta(days=1)) == []
        assert store.subject_keys(PII, ["bob", "eve"]) == {"eve": eve}
        assert store.subject_keys_by_id(PII, [bob.key_id]) == {}
        found = store.shredded([bob.key_id, eve.key_id, bytes(16), b"short"])
        assert found == {bob.key_id: MOMENT}
        assert found[bob.key_id].tzinfo is UTC
        assert store.subject_keys(Scope(None, "pii"), ["bob"]) == {"bob": global_bob}

    def test_a_shredded_subject_may_get_a_new_key_but_never_the_old_one(self, store: KeyStore) -> None:
        store.add_subject_keys([subject_key("bob")])
        store.shred_subjects(PII, ["bob"], at=MOMENT)
        with refused(KeyStoreConflict, "bob"):
            store.add_subject_keys([subject_key("eve"), subject_key("bob")])
        assert store.subject_keys(PII, ["bob", "eve"]) == {}
        store.add_subject_keys([subject_key("bob", generation=2)])
        assert store.subject_keys(PII, ["bob"]) == {"bob": subject_key("bob", generation=2)}
        assert store.shred_subjects(PII, ["bob"], at=MOMENT) == [subject_key("bob", generation=2).key_id]

    def test_many_shredders_report_each_key_once(self, store: KeyStore) -> None:
        names = [f"subject {number}" for number in range(50)]
        store.add_subject_keys([subject_key(name) for name in names])
        results = in_threads(lambda index: store.shred_subjects(PII, names[index:], at=MOMENT))
        reported = [key_id for part in results for key_id in part]
        assert sorted(reported) == sorted(subject_key(name).key_id for name in names)

    def test_a_naive_time_of_shredding_is_refused(self, store: KeyStore) -> None:
        store.add_subject_keys([subject_key("bob")])
        with refused(KeyStoreError):
            store.shred_subjects(PII, ["bob"], at=MOMENT.replace(tzinfo=None))
        assert store.subject_keys(PII, ["bob"]) == {"bob": subject_key("bob")}
