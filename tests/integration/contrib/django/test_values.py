"""Every type and every way round gives back what the plain column gives, at the plain model's number of queries."""

from __future__ import annotations

import gc
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from plugins.django_site import keys

import fieldvault


def sql(alias: str, statement: str) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)


def test_no_query_more_than_the_plain_model_and_no_call_when_warm(m: Any, shop: str) -> None:
    m.Customer.objects.bulk_create([m.Customer(email=f"e{n}@x.org", age=n) for n in range(10)])
    list(m.Customer.objects.filter(email="e1@x.org"))
    [one.email for one in m.Customer.objects.all()]
    store, kek = dict(keys.KEYS.store.calls), (keys.KEYS.kek.wrap_calls, keys.KEYS.kek.unwrap_calls)
    with CaptureQueriesContext(connections[shop]) as queries:
        rows = list(m.Customer.objects.all())
        assert [one.age for one in rows] == list(range(10))
        assert rows[3].email == "e3@x.org"
    assert len(queries) == 1
    for work, number in (
        (lambda: m.Customer.objects.get(email="e5@x.org").email, 1),
        (lambda: m.Customer.objects.create(email="new@x.org"), 1),
        (rows[0].save, 1),
        (lambda: m.Customer.objects.bulk_create([m.Customer(email="b@x.org"), m.Customer(email="c@x.org")]), 1),
        (lambda: m.Customer.objects.filter(email="e5@x.org").exists(), 1),
        (lambda: [one.email for one in m.Customer.objects.only("email")], 1),
        (rows[4].refresh_from_db, 1),
    ):
        with CaptureQueriesContext(connections[shop]) as queries:
            work()
        assert len(queries) == number, queries.captured_queries
    assert store == dict(keys.KEYS.store.calls)
    assert kek == (keys.KEYS.kek.wrap_calls, keys.KEYS.kek.unwrap_calls)


def test_a_page_is_opened_in_one_batch_for_each_column(m: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    m.Customer.objects.bulk_create([m.Customer(email=f"e{n}@x.org", age=n) for n in range(50)])
    m.Order.objects.bulk_create([m.Order(customer=one) for one in m.Customer.objects.all()])
    batches: list[int] = []
    real = fieldvault.RecordCipher.open_column_partially

    def counted(self: Any, field: str, sealed: Any, **more: Any) -> Any:
        batches.append(len(sealed))
        return real(self, field, sealed, **more)

    monkeypatch.setattr(fieldvault.RecordCipher, "open_column_partially", counted)
    for load in (
        lambda: list(m.Customer.objects.all()), lambda: list(m.Customer.objects.iterator()),
        lambda: [one.customer for one in list(m.Order.objects.select_related("customer"))],
        lambda: [one.customer for one in list(m.Order.objects.prefetch_related("customer"))],
        lambda: list(m.Customer.objects.raw("SELECT * FROM shop_customer")),
    ):  # fmt: skip
        batches.clear()
        assert sorted(one.age for one in load()) == list(range(50))
        assert sum(batches) == 50
        assert len(batches) in (1, 50)
    batches.clear()
    rows = list(m.Customer.objects.all())
    kept = rows[7]
    del rows
    gc.collect()
    assert kept.age is not None
    assert batches == [1]


VALUES: dict[str, Any] = {
    "char": "zoë 🔑 \u200f", "text": "", "email": "a@b.example", "url": "https://x.org/?a=ü",
    "slug": "a-b", "ip": "::1",
    "uuid": uuid.UUID(int=7), "boolean": False, "floating": -0.5, "integer": -(2**31),
    "big": 2**63 - 1, "small": -32768,
    "positive": 0, "decimal": Decimal("-10.5"), "date": date(1980, 2, 29),
    "datetime": datetime(2026, 1, 31, 9, 5, 7, 42, tzinfo=UTC), "time": time(23, 59, 59, 1),
    "duration": timedelta(days=-3, microseconds=5), "binary": b"\x00fv1.\xff", "json": {"a": [1, None, {"ü": ""}]},
}  # fmt: skip
AS_TEXT = {
    "uuid": str(uuid.UUID(int=8)), "integer": "7", "decimal": "7.124", "date": "2026-01-31", "time": "10:00",
    "datetime": "2026-01-31T09:05:00+05:30", "boolean": "True", "floating": "1.5",
}  # fmt: skip


@pytest.mark.parametrize("given", [VALUES, dict.fromkeys(VALUES), AS_TEXT], ids=["values", "nulls", "texts"])
def test_every_type_gives_back_what_the_plain_column_gives(m: Any, given: dict[str, Any]) -> None:
    encrypted, plain = m.Everything.objects.create(**given), m.Plain.objects.create(**given)
    [encrypted], [plain] = m.Everything.objects.filter(pk=encrypted.pk), m.Plain.objects.filter(pk=plain.pk)
    for name in given:
        wanted, opened = getattr(plain, name), getattr(encrypted, name)
        wanted = bytes(wanted) if isinstance(wanted, memoryview) else wanted
        assert (opened, type(opened)) == (wanted, type(wanted)), name
    encrypted.save()
    encrypted.refresh_from_db()
    assert encrypted.char == plain.char
    assert encrypted._state.adding is False


@pytest.mark.parametrize("name", ["uuid", "integer", "decimal", "date", "datetime"])
def test_types_that_can_be_searched_are_found(m: Any, name: str) -> None:
    m.Everything.objects.create(**{name: AS_TEXT[name]})
    m.Everything.objects.create(**{name: VALUES[name]})
    assert m.Everything.objects.filter(**{name: AS_TEXT[name]}).count() == 1
    assert m.Everything.objects.filter(**{f"{name}__in": [AS_TEXT[name], VALUES[name]]}).count() == 2


def test_a_json_value_changed_in_place_is_saved(m: Any) -> None:
    m.Customer.objects.create(extra={"a": 1})
    [one] = m.Customer.objects.all()
    one.extra["a"] = 2
    one.save()
    assert m.Customer.objects.get().extra == {"a": 2}


def test_loaded_expired_reloaded_and_saved_the_value_is_kept(m: Any) -> None:
    m.Customer.objects.create(email="ann@x.org", notes="n")
    one = m.Customer.objects.get()
    for _ in range(3):
        one.save()
        one.refresh_from_db()
        one.save(update_fields=["city"])
        one = m.Customer.objects.only("city").get()
        one.save()
    assert m.Customer.objects.get(email="ann@x.org").notes == "n"


@pytest.mark.parametrize("load", ["only", "defer", "refresh", "read later", "update_fields"])
def test_value_and_index_stay_together_when_somebody_else_writes(m: Any, load: str) -> None:
    m.Customer.objects.create(email="old@x.org")
    rows = m.Customer.objects
    one = {"only": rows.only("email", "city"), "defer": rows.defer("email"), "read later": rows.only("city")}.get(
        load, rows
    ).get()
    other = m.Customer.objects.get()
    other.email = "new@x.org"
    other.save()
    if load == "refresh":
        one.refresh_from_db(fields=["email"])
    if load == "read later":
        assert one.email == "new@x.org"
    one.city = "B"
    one.save(update_fields=["city", "email_index"] if load == "update_fields" else None)
    [now] = m.Customer.objects.all()
    assert now.city == "B"
    assert m.Customer.objects.get(email=now.email) == now
    assert now.email == ("old@x.org" if load == "only" else "new@x.org")


def test_a_row_that_got_another_key_still_opens_beside_its_peers(m: Any) -> None:
    m.Vendor.objects.bulk_create([m.Vendor(iban=f"GB{n}", phone=f"{n}") for n in range(3)])
    rows = {one.pk: one for one in m.Vendor.objects.all()}
    moved, *others = rows.values()
    moved.id = uuid.uuid4()
    assert {one.phone for one in others} | {moved.phone} == {"0", "1", "2"}
    assert {one.iban for one in rows.values()} == {"GB0", "GB1", "GB2"}
