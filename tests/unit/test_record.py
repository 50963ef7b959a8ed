"""Records through seal and open: what comes back, what stays as it is, what asks nobody."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from plugins.customers import CUSTOMERS, cipher, customer
from plugins.spied_store import SpiedStore

from fieldvault import (
    BatchError,
    PlainField,
    RecordCipher,
    Schema,
    Scope,
    SealedField,
    SealError,
    Stage,
    Tenancy,
)
from fieldvault.codec import PadTo, PadToMultiple, PadToPowerOfTwo
from fieldvault.errors import DecodeError, OpenError, ScopeError
from fieldvault.testing import FakeKek, memory_keyrings


class Colour(Enum):
    RED = 1
    CRIMSON = 2


VALUES: list[tuple[type, list[Any]]] = [
    (str, ["", "Ada", "é", "e\u0301", "\ufeffx", "\x00", "\U0001f511" * 100, "fv1.AAAA"]),
    (bytes, [b"", b"\x00\xff", b"\x80\x00", bytes(10_000)]),
    (int, [0, -1, 127, 128, -128, -129, 2**63, -(2**200)]),
    (bool, [True, False]),
    (float, [0.0, -0.0, 1.5, -1e300, 5e-324, math.inf, -math.inf]),
    (Decimal, [Decimal("1.0"), Decimal("1.00"), Decimal("-0"), Decimal("1E+30"), Decimal("Infinity")]),
    (date, [date(1, 1, 1), date(2026, 2, 28), date(9999, 12, 31)]),
    (
        datetime,
        [
            datetime(2026, 1, 31, 23, 59, 59, 999999),  # noqa: DTZ001
            datetime(2026, 1, 31, tzinfo=UTC),
            datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            datetime(1900, 1, 1, tzinfo=timezone(timedelta(hours=-1, seconds=-7))),
        ],
    ),
    (time, [time(0, 0), time(23, 59, 59, 1), time(1, 2, tzinfo=timezone(timedelta(hours=3)))]),
    (UUID, [UUID(int=0), UUID("12345678-1234-5678-1234-567812345678")]),
    (dict, [{}, {"b": [1, 2.5, None, True, "é"], "a": {"n": 2**70}}, [], [1], "text", 7, True, 1.5]),
    (Colour, [Colour.RED, Colour.CRIMSON]),
]


def of_type(declared: type, **options: Any) -> Schema:
    return Schema("t", [PlainField("id", int), SealedField("v", declared, **options)], row_id="id")


@pytest.mark.parametrize(("declared", "values"), VALUES, ids=[declared.__name__ for declared, _ in VALUES])
@pytest.mark.parametrize("options", [{}, {"padding": PadToPowerOfTwo()}, {"seal_null": True}, {"row_bound": False}])
def test_every_type_comes_back(declared: type, values: list[Any], options: dict[str, Any]) -> None:
    records = cipher(of_type(declared, **options))
    given = [{"id": at, "v": value} for at, value in enumerate(values)]
    sealed = records.seal_many(given)
    assert all(type(record["v"]) is bytes for record in sealed)
    opened = records.open_many(sealed)
    assert [record["v"] for record in opened] == values
    assert [type(record["v"]) for record in opened] == [type(value) for value in values]
    assert [repr(record["v"]) for record in opened] == [repr(value) for value in values]


def test_a_nan_comes_back() -> None:
    records = cipher(of_type(float))
    assert math.isnan(records.open(records.seal({"id": 1, "v": math.nan}))["v"])


def test_the_envelope_costs_45_bytes_and_the_type_byte() -> None:
    records = cipher(of_type(bytes))
    for size in (0, 1, 100, 5000):
        assert len(records.seal({"id": 1, "v": bytes(size)})["v"]) == size + 1 + 45


@pytest.mark.parametrize(
    ("padding", "lengths"),
    [
        (PadTo(64), {64}),
        (PadToMultiple(16), {16, 32}),
        (PadToPowerOfTwo(32), {32}),
        (PadToPowerOfTwo(8), {8, 16, 32}),
    ],
)
def test_padding_shows_on_the_wire(padding: Any, lengths: set[int]) -> None:
    records = cipher(of_type(str, padding=padding))
    names = ["", "A", "Ada", "Ada Lovel", "Ada Lovelace, Esq"]
    sealed = records.seal_many([{"id": at, "v": name} for at, name in enumerate(names)])
    assert {len(record["v"]) - 45 for record in sealed} == lengths
    assert [record["v"] for record in records.open_many(sealed)] == names


def test_a_padded_sealed_null_is_as_long_as_the_rest() -> None:
    records = cipher(of_type(str, padding=PadTo(32), seal_null=True))
    sealed = records.seal_many([{"id": 1, "v": None}, {"id": 2, "v": "Ada"}])
    assert {len(record["v"]) for record in sealed} == {45 + 32}
    assert [record["v"] for record in records.open_many(sealed)] == [None, "Ada"]


def test_none_stays_null() -> None:
    records = cipher()
    sealed = records.seal(customer(email=None, country=None))
    assert (sealed["email"], sealed["country"], sealed["email_index"]) == (None, None, None)
    assert records.open(sealed) == customer(email=None, country=None)


def test_a_field_that_seals_its_nulls_shows_none_and_accepts_none() -> None:
    records = cipher(of_type(int, seal_null=True))
    sealed = records.seal_many([{"id": 1, "v": None}, {"id": 2, "v": 0}, {"id": 3}])
    assert type(sealed[0]["v"]) is bytes
    assert "v" not in sealed[2]
    assert records.open_many(sealed) == [{"id": 1, "v": None}, {"id": 2, "v": 0}, {"id": 3}]
    with pytest.raises(OpenError) as raised:
        records.open({"id": 1, "v": None})
    assert raised.value.stage is Stage.PARSE
    sealed_column = records.seal_column("v", [None, 0], row_ids=[1, 2])
    assert all(type(cell) is bytes for cell in sealed_column)
    assert records.open_column("v", sealed_column, row_ids=[1, 2]) == [None, 0]


def test_a_sealed_null_does_not_open_where_none_is_declared() -> None:
    keyrings = memory_keyrings()
    sealed = cipher(of_type(int, seal_null=True), keyrings).seal({"id": 1, "v": None})
    with pytest.raises(DecodeError):
        cipher(of_type(int), keyrings).open(sealed)


@pytest.mark.parametrize(
    ("sealed_as", "opened_as", "value"), [(str, bytes, "x"), (int, bool, 1), (date, datetime, date(1, 1, 1))]
)
def test_another_declared_type_is_refused_at_decode(sealed_as: type, opened_as: type, value: Any) -> None:
    keyrings = memory_keyrings()
    sealed = cipher(of_type(sealed_as), keyrings).seal({"id": 1, "v": value})
    with pytest.raises(DecodeError) as raised:
        cipher(of_type(opened_as), keyrings).open(sealed)
    assert (raised.value.stage, raised.value.field) == (Stage.DECODE, "v")


def test_plain_fields_stay_and_what_was_given_is_left_alone() -> None:
    records = cipher()
    given = MappingProxyType(customer())
    before = dict(given)
    sealed = records.seal(given)
    assert dict(given) == before
    assert sealed["id"] == 1
    assert list(sealed) == ["id", "email", "iban", "country", "email_index"]
    assert records.open(MappingProxyType(sealed)) == before


def test_a_record_may_lack_fields() -> None:
    records = cipher()
    given = [{"id": 1, "email": "a@b.example"}, {"id": 2, "iban": "DE1"}, {"country": "UK"}, {"id": 4}, {}]
    with pytest.raises(BatchError) as raised:
        records.seal_many(given)  # some of the batch are row-bound, so all need a row id
    assert raised.value.failures.keys() == {2, 4}
    sealed = records.seal_many(given[:2])
    assert [sorted(record) for record in sealed] == [["email", "email_index", "id"], ["iban", "id"]]
    assert records.open_many(sealed) == given[:2]


def test_a_record_without_row_bound_fields_needs_no_row_id() -> None:
    records = cipher()
    assert records.open(records.seal({"country": "UK"})) == {"country": "UK"}
    assert records.open(records.seal({"id": None, "country": "UK"})) == {"id": None, "country": "UK"}


def test_nothing_to_seal_asks_nobody() -> None:
    kek, store = FakeKek(), SpiedStore()
    records = cipher(keyrings=memory_keyrings(kek=kek, store=store))
    assert records.seal_many([]) == []
    assert records.open_many([]) == []
    assert records.seal_many([{"id": 1}, {"id": 2, "email": None}]) == [
        {"id": 1},
        {"id": 2, "email": None, "email_index": None},
    ]
    assert records.seal_column("country", [None, None]) == [None, None]
    assert records.open_column("country", [None]) == [None]
    assert records.open_many([{"id": 1, "email": None}]) == [{"id": 1, "email": None}]
    assert (kek.wrap_calls, kek.unwrap_calls, store.calls) == (0, 0, {})


def test_a_batch_of_failures_makes_no_key_and_spends_no_lease() -> None:
    kek, store = FakeKek(), SpiedStore()
    records = cipher(keyrings=memory_keyrings(kek=kek, store=store))
    with pytest.raises(BatchError):
        records.seal_many([customer(1), customer(2, email=7)])
    assert (kek.wrap_calls, store.calls) == (0, {})


# --- tenants and streams ----------------------------------------------------------------------


def test_a_tenant_is_given_exactly_where_one_is_needed() -> None:
    keyrings = memory_keyrings()
    with pytest.raises(ScopeError):
        RecordCipher(CUSTOMERS, keyrings)
    shared = Schema("t", [SealedField("v", row_bound=False)], tenancy=Tenancy.GLOBAL)
    with pytest.raises(ScopeError):
        RecordCipher(shared, keyrings, tenant="acme")
    for tenant in ("", "a\n", "x" * 256):
        with pytest.raises(ScopeError):
            RecordCipher(CUSTOMERS, keyrings, tenant=tenant)
    assert RecordCipher(shared, keyrings).keyring.scope == Scope(None, "fields")


def test_streams_are_lazy_and_hold_one_batch() -> None:
    records = cipher()
    drawn: list[int] = []

    def batches() -> Iterator[list[dict[str, Any]]]:
        for number in range(3):
            drawn.append(number)
            yield [customer(number * 2 + 1), customer(number * 2 + 2)]

    stream = records.open_batches(records.seal_batches(batches()))
    assert drawn == []
    assert next(stream) == [customer(1), customer(2)]
    assert drawn == [0]
    assert [record["id"] for batch in stream for record in batch] == [3, 4, 5, 6]


def test_a_stream_ends_at_the_first_batch_that_fails() -> None:
    records = cipher()
    stream = records.seal_batches([[customer(1)], [customer(2), customer(3, email=7)], [customer(4)]])
    next(stream)
    with pytest.raises(BatchError) as raised:
        next(stream)
    assert raised.value.failures.keys() == {1}


def test_one_record_raises_its_own_error_and_a_batch_raises_all() -> None:
    records = cipher()
    with pytest.raises(SealError) as raised:
        records.seal(customer(email=7))
    assert not isinstance(raised.value, BatchError)
    with pytest.raises(BatchError) as batch:
        records.seal_many([customer(1), customer(2, email=7), customer(3, iban=7)])
    assert {at: error.field for at, error in batch.value.failures.items()} == {1: "email", 2: "iban"}
    assert batch.value.total == 3


def test_the_cipher_shows_schema_and_scope() -> None:
    assert repr(cipher()) == "<RecordCipher customers for acme/fields>"
