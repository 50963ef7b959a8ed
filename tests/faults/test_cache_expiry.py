"""A key whose time ends, a KEK that dies, a clock that is set back: in the middle of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from plugins.customers import PEOPLE, cipher, customer, person
from plugins.spied_store import SpiedStore

from fieldvault import Keyrings, PlainField, Schema, SealedField
from fieldvault.codec.scalars import StrCodec
from fieldvault.errors import KekUnavailable, KeyStoreUnavailable
from fieldvault.keyring import KeyringPolicy
from fieldvault.testing import FakeClock, FakeKek, memory_keyrings

TTL = 300


class Slow(StrCodec):
    """A codec in whose bulk methods time passes, and whatever else a test wants."""

    def __init__(self) -> None:
        self.meanwhile: Any = lambda: None

    def encode_many(self, values: Sequence[str]) -> list[bytes]:
        self.meanwhile()
        return super().encode_many(values)

    def decode_many(self, typed: Sequence[bytes]) -> list[str]:
        self.meanwhile()
        return super().decode_many(typed)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def kek() -> FakeKek:
    return FakeKek()


@pytest.fixture
def keyrings(kek: FakeKek, clock: FakeClock) -> Keyrings:
    return memory_keyrings(kek=kek, store=SpiedStore(), clock=clock, policy=KeyringPolicy(cache_seconds=TTL))


def test_a_batch_that_a_key_expires_in_is_finished(keyrings: Keyrings, kek: FakeKek, clock: FakeClock) -> None:
    slow = Slow()
    schema = Schema("t", [PlainField("id", int), SealedField("a", slow), SealedField("b", slow)], row_id="id")
    records = cipher(schema, keyrings)
    given = [{"id": number, "a": f"a{number}", "b": f"b{number}"} for number in range(5)]
    records.seal_many(given)
    slow.meanwhile = lambda: clock.advance(TTL)  # in each field's step, so between two fields of one batch too
    sealed = records.seal_many(given)
    kek.unwrap_calls = 0
    assert records.open_many(sealed) == given  # the key is warm when the batch starts, and dead when it ends
    assert kek.unwrap_calls == 0
    slow.meanwhile = lambda: None
    assert records.open_many(sealed) == given
    assert kek.unwrap_calls == 1


def test_a_kek_that_dies_in_the_middle_of_a_batch_does_not_stop_that_batch(
    keyrings: Keyrings, kek: FakeKek, clock: FakeClock
) -> None:
    slow = Slow()
    schema = Schema("t", [PlainField("id", int), SealedField("a", slow), SealedField("b", slow)], row_id="id")
    records = cipher(schema, keyrings)
    sealed = records.seal({"id": 1, "a": "x", "b": "y"})

    def dies() -> None:
        kek.fail_with(KekUnavailable("sealed"))
        clock.advance(TTL)

    slow.meanwhile = dies
    assert records.open(sealed) == {"id": 1, "a": "x", "b": "y"}
    with pytest.raises(KekUnavailable):
        records.open(sealed)


def test_a_key_that_expires_while_another_of_its_batch_is_fetched(
    keyrings: Keyrings, kek: FakeKek, clock: FakeClock
) -> None:
    records = cipher(keyrings=keyrings)
    old = records.seal(customer(1))
    clock.advance(TTL)
    records.keyring.rotate()
    new = records.seal(customer(2))
    kek.unwrap_calls = 0
    kek.before_call = lambda: clock.advance(TTL)  # fetching the old key takes longer than the new one lives
    assert records.open_many([new, old, new]) == [customer(2), customer(1), customer(2)]
    assert kek.unwrap_calls == 1
    assert records.open_many([new, old]) == [customer(2), customer(1)]
    assert kek.unwrap_calls == 2


def test_people_whose_wrapping_key_expires_while_they_are_fetched(
    keyrings: Keyrings, kek: FakeKek, clock: FakeClock
) -> None:
    people = cipher(PEOPLE, keyrings)
    sealed = people.seal_many([person(number) for number in range(20)])
    clock.advance(TTL)
    kek.before_call = lambda: clock.advance(TTL)
    assert people.open_many(sealed) == [person(number) for number in range(20)]
    assert people.seal_many([person(number) for number in range(15, 25)])


def test_a_stream_goes_on_over_expiries_and_ends_closed_when_the_kek_is_down(
    keyrings: Keyrings, kek: FakeKek, clock: FakeClock
) -> None:
    records = cipher(keyrings=keyrings)
    batches = [[customer(number)] for number in range(10)]
    sealed = []
    for batch in records.seal_batches(batches):
        sealed.append(batch)
        clock.advance(TTL / 2)
    opened: list[Any] = []
    stream = records.open_batches(sealed)

    def read_on() -> None:
        for batch in stream:
            opened.append(batch)
            clock.advance(TTL / 2)
            if len(opened) == 5:
                kek.fail_with(KekUnavailable("sealed"))

    with pytest.raises(KekUnavailable):
        read_on()
    assert opened == batches[: len(opened)]
    assert len(opened) in (5, 6)


@pytest.mark.parametrize("years", [1, 50])
def test_a_wall_clock_set_back_in_the_middle_of_a_batch(
    keyrings: Keyrings, clock: FakeClock, kek: FakeKek, years: int
) -> None:
    slow = Slow()
    records = cipher(Schema("t", [SealedField("a", slow, row_bound=False)]), keyrings)
    sealed = records.seal_column("a", ["x"])
    slow.meanwhile = lambda: clock.set_wall_clock_back(years=years)
    kek.unwrap_calls = 0
    assert records.open_column("a", sealed) == ["x"]
    assert records.open_column("a", records.seal_column("a", ["y"])) == ["y"]
    assert kek.unwrap_calls == 0
    clock.advance(TTL)
    slow.meanwhile = lambda: None
    assert records.open_column("a", sealed) == ["x"]
    assert kek.unwrap_calls == 1


def test_a_key_store_that_goes_away_in_the_middle_of_a_batch(keyrings: Keyrings, clock: FakeClock) -> None:
    records = cipher(PEOPLE, keyrings)
    store: Any = keyrings.store
    sealed = records.seal_many([person(1), person(2)])
    clock.advance(TTL)
    for method in ("data_keys", "subject_keys_by_id", "shredded"):
        store.after[method] = lambda: setattr(store, "away", True)
        with pytest.raises(KeyStoreUnavailable):
            records.open_many(sealed)
        store.away = False
        store.after.clear()
    for method in ("subject_keys", "shredded", "data_keys"):
        store.after[method] = lambda: setattr(store, "away", True)
        with pytest.raises(KeyStoreUnavailable):
            records.seal_many([person(1), person(30)])
        store.away = False
        store.after.clear()
    assert records.open_many(sealed) == [person(1), person(2)]
    assert records.open(records.seal(person(30))) == person(30)


def test_a_key_that_cannot_be_stored_seals_nothing(keyrings: Keyrings, kek: FakeKek) -> None:
    # The wrapped key is in the key store before it seals anything: else a crash would orphan what it sealed.
    records = cipher(keyrings=keyrings)
    store: Any = keyrings.store
    store.after["data_keys"] = lambda: setattr(store, "away", True)
    with pytest.raises(KeyStoreUnavailable):
        records.seal(customer())
    assert kek.wrap_calls == 1
    store.away = False
    sealed = records.seal(customer())
    assert [key.key_id for key in store.data_keys(records.keyring.scope)] == [sealed["email"][1:17]]
