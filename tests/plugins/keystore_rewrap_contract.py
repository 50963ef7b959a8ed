"""The part of the `KeyStore` contract on paging, other wrappings and locks; see `keystore_contract`."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

import pytest
from plugins.keystore_kit import MOMENT, PII, data_key, in_threads, refused, subject_key

from fieldvault.core.context import Scope
from fieldvault.errors import KeyStoreError, KeyStoreNotReady
from fieldvault.ports import DataKeyRecord, KeyState, KeyStore, LockRecord, RewrappedKey, SubjectKeyRecord

OTHER = Scope("other", "pii")
LATER = MOMENT + timedelta(seconds=60)


def wrapped_under(data_key_id: bytes, tail: bytes = b"\x00\xff") -> bytes:
    return b"\x01" + data_key_id + b"n" * 12 + tail


def rewrapped(record: DataKeyRecord | SubjectKeyRecord, new: bytes, **changes: object) -> RewrappedKey:
    given = {"key_id": record.key_id, "was": record.wrapped, "wrapped": new} | changes
    return RewrappedKey(**given)  # type: ignore[arg-type]


class RewrapContract:
    """Needs the fixture `fresh`, and `store`: one that was created and is empty."""

    def test_before_create_these_say_not_ready_too(self, fresh: KeyStore) -> None:
        for call in (
            lambda: fresh.data_keys_after(None, 1),
            lambda: fresh.replace_wrapped([]),
            lambda: fresh.subject_keys_under([bytes(16)], after=None, limit=1),
            lambda: fresh.count_subject_keys_under([bytes(16)]),
            lambda: fresh.replace_wrapped_subject_keys([]),
            lambda: fresh.take_lock("keys", "me", at=MOMENT, until=LATER),
            lambda: fresh.release_lock("keys", "me"),
        ):
            with refused(KeyStoreNotReady):
                call()

    # --- Data keys ------------------------------------------------------------------------------

    def test_all_data_keys_come_page_by_page(self, store: KeyStore) -> None:
        assert store.data_keys_after(None, 5) == []
        records = [data_key(Scope(f"tenant {number}", "pii")) for number in range(23)]
        for record in records:
            store.add_primary(record, replaces=None)
        store.destroy_data_key(records[3].key_id)
        found: list[DataKeyRecord] = []
        while page := store.data_keys_after(found[-1].key_id if found else None, 5):
            assert len(page) <= 5
            found += page
        assert [one.key_id for one in found] == sorted(one.key_id for one in records)
        assert [one.state for one in found].count(KeyState.DESTROYED) == 1

    def test_a_wrapping_is_replaced_and_nothing_else(self, store: KeyStore) -> None:
        record, other = data_key(uses=7), data_key(OTHER)
        for one in (record, other):
            store.add_primary(one, replaces=None)
        new = rewrapped(record, b"\x00new\xff", kek="vault-transit:transit/new")
        assert store.replace_wrapped([new]) == {record.key_id}
        [found] = store.data_keys(PII)
        assert (found.wrapped, found.kek) == (b"\x00new\xff", "vault-transit:transit/new")
        assert (found.uses, found.state, found.created_at) == (7, KeyState.ACTIVE, record.created_at)
        assert store.data_keys(OTHER) == [other]

    def test_only_what_is_as_it_was_is_replaced(self, store: KeyStore) -> None:
        good, stale, gone = (data_key(Scope(name, "pii")) for name in ("good", "stale", "gone"))
        for one in (good, stale, gone):
            store.add_primary(one, replaces=None)
        store.destroy_data_key(gone.key_id)
        changes = [rewrapped(one, b"new" + one.key_id, kek="local:new") for one in (gone, good, data_key())]
        changes.append(rewrapped(stale, b"new", was=b"something else", kek="local:new"))
        assert store.replace_wrapped(changes) == {good.key_id}
        assert store.data_keys(stale.scope) == [stale]
        assert store.data_keys(gone.scope)[0].wrapped is None
        assert store.replace_wrapped([]) == set()

    def test_of_many_that_rewrap_one_key_one_wins(self, store: KeyStore) -> None:
        record = data_key()
        store.add_primary(record, replaces=None)
        done = in_threads(lambda n: store.replace_wrapped([rewrapped(record, bytes([n]) * 9, kek="local:test")]))
        assert sorted(map(len, done)) == [0] * 7 + [1]
        winner = next(number for number, one in enumerate(done) if one)
        assert store.data_keys(PII)[0].wrapped == bytes([winner]) * 9

    @pytest.mark.parametrize(
        "change",
        [
            RewrappedKey(b"short", b"was", b"new", "local:x"),
            RewrappedKey(bytes(16), b"was", b"", "local:x"),
            RewrappedKey(bytes(16), b"was", bytes(65_536), "local:x"),
            RewrappedKey(bytes(16), b"was", b"new", "a\x00b"),
            RewrappedKey(bytes(16), b"was", b"new", None),
        ],
    )
    def test_what_cannot_be_stored_is_refused(self, store: KeyStore, change: RewrappedKey) -> None:
        record = data_key()
        store.add_primary(record, replaces=None)
        with refused(KeyStoreError):
            store.replace_wrapped([rewrapped(record, b"new", kek="local:test"), change])
        assert store.data_keys(PII) == [record]

    # --- Subject keys ---------------------------------------------------------------------------

    def test_subject_keys_come_by_the_key_that_wraps_them(self, store: KeyStore) -> None:
        one, two, three = (bytes([number, 0, 255, 39]) * 4 for number in (1, 2, 3))
        records = [
            subject_key(
                f"s{number}", (PII, OTHER)[number % 2], wrapped=wrapped_under((one, two, three)[number % 3])
            )
            for number in range(30)
        ]
        store.add_subject_keys(records)
        [shredded] = store.shred_subjects(PII, ["s0"], at=MOMENT)
        wanted = sorted(
            (record for record in records if record.wrapped[1:17] != three and record.key_id != shredded),
            key=lambda record: record.key_id,
        )
        found: list[SubjectKeyRecord] = []
        while page := store.subject_keys_under({one, two}, after=found[-1].key_id if found else None, limit=7):
            assert len(page) <= 7
            found += page
        assert found == wanted
        assert store.count_subject_keys_under([one, two, bytes(16)]) == {one: 9, two: 10}
        assert store.subject_keys_under([], after=None, limit=7) == []
        assert store.count_subject_keys_under([]) == {}

    def test_a_subject_keys_wrapping_is_replaced_if_it_is_as_it_was(self, store: KeyStore) -> None:
        bob, eve, gone = subject_key("bob"), subject_key("eve"), subject_key("gone")
        store.add_subject_keys([bob, eve, gone])
        store.shred_subjects(PII, ["gone"], at=MOMENT)
        changes = [rewrapped(bob, b"new bob"), rewrapped(eve, b"new", was=b"else"), rewrapped(gone, b"new gone")]
        assert store.replace_wrapped_subject_keys(changes) == {bob.key_id}
        found = store.subject_keys(PII, ["bob", "eve", "gone"])
        assert found == {"bob": subject_key("bob", wrapped=b"new bob"), "eve": eve}

    def test_thousands_of_wrappings_at_once(self, store: KeyStore) -> None:
        records = [subject_key(f"s{number}", wrapped=wrapped_under(bytes(16))) for number in range(2_100)]
        store.add_subject_keys(records)
        changes = [rewrapped(one, wrapped_under(b"x" * 16, one.key_id)) for one in records]
        assert len(store.replace_wrapped_subject_keys(changes)) == 2_100
        assert store.count_subject_keys_under([bytes(16), b"x" * 16]) == {b"x" * 16: 2_100}

    # --- Locks ----------------------------------------------------------------------------------

    def test_a_lock_is_held_until_its_time_is_over(self, store: KeyStore) -> None:
        mine = LockRecord("keys", "me", LATER)
        assert store.take_lock("keys", "me", at=MOMENT, until=LATER) == mine
        assert store.take_lock("keys", "you", at=MOMENT, until=LATER) == mine
        assert store.take_lock("keys", "you", at=LATER - timedelta(microseconds=1), until=LATER) == mine
        theirs = store.take_lock("keys", "you", at=LATER, until=LATER + timedelta(seconds=9))
        assert theirs == LockRecord("keys", "you", LATER + timedelta(seconds=9))
        assert store.take_lock("keys", "me", at=LATER, until=LATER) == theirs
        assert theirs.until.tzinfo is UTC

    def test_a_lock_is_prolonged_and_given_up_by_its_owner(self, store: KeyStore) -> None:
        store.take_lock("keys", "me", at=MOMENT, until=LATER)
        there = (LATER + timedelta(seconds=60)).astimezone(timezone(timedelta(hours=-8)))
        assert store.take_lock("keys", "me", at=MOMENT, until=there).until == there
        store.release_lock("keys", "you")
        assert store.take_lock("keys", "you", at=MOMENT, until=LATER).owner == "me"
        store.release_lock("keys", "me")
        store.release_lock("keys", "me")
        assert store.take_lock("keys", "you", at=MOMENT, until=LATER).owner == "you"
        assert store.take_lock("another", "me", at=MOMENT, until=LATER).owner == "me"

    def test_of_many_one_takes_the_lock(self, store: KeyStore) -> None:
        for start in (MOMENT, LATER):  # a free one, and one whose time is over
            until = start + timedelta(seconds=60)
            held = in_threads(
                lambda n, at=start, until=until: store.take_lock("keys", f"{at} {n}", at=at, until=until)
            )
            assert len({one.owner for one in held}) == 1
            assert held[0].owner.startswith(str(start))

    def test_many_take_and_give_up_without_end(self, store: KeyStore) -> None:
        def work(number: int) -> int:
            taken = 0
            for _ in range(8):
                held = store.take_lock("keys", f"owner {number}", at=MOMENT, until=LATER)
                taken += held.owner == f"owner {number}"
                store.release_lock("keys", f"owner {number}")
            return taken

        assert sum(in_threads(work)) > 0

    @pytest.mark.parametrize(("name", "owner"), [("", "me"), ("keys", ""), ("keys", "a\nb"), ("k" * 256, "me")])
    def test_what_cannot_be_a_lock_is_refused(self, store: KeyStore, name: str, owner: str) -> None:
        with refused(KeyStoreError):
            store.take_lock(name, owner, at=MOMENT, until=LATER)
