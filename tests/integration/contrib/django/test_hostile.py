"""What an attacker, an outage or an unlucky program does to encrypted rows: refused, and the rest loads."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections
from plugins.django_site import keys

import fieldvault
from fieldvault.errors import (
    AuthenticationFailed,
    FieldvaultError,
    KekUnavailable,
    KeyDestroyed,
    KeyNotFound,
    OpenError,
    RowIdChanged,
    ScopeError,
    WriteRefused,
)


def sql(alias: str, statement: str) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "swap",
    [
        "UPDATE shop_customer SET email = (SELECT email FROM shop_customer WHERE city = 'B') WHERE city = 'A'",
        "UPDATE shop_customer SET email = notes WHERE city = 'A'",
        "UPDATE shop_customer SET fieldvault_row_id = NULL WHERE city = 'A'",
        "UPDATE shop_customer SET email = fieldvault_row_id WHERE city = 'A'",
    ],
    ids=["another row's", "another column's", "no row id", "no envelope"],
)
def test_a_value_moved_by_sql_is_refused_and_the_rest_of_the_page_loads(shop: str, m: Any, swap: str) -> None:
    for city in "AB":
        m.Customer.objects.create(email=f"{city}@x.org", notes="n", city=city)
    sql(shop, swap)
    rows = {one.city: one for one in m.Customer.objects.all()}
    assert rows["B"].email == "B@x.org"
    for _ in range(2):
        with pytest.raises(OpenError):
            rows["A"].email  # noqa: B018 - reads it
    rows["A"].refresh_from_db()
    rows["A"].city = "C"
    if "NULL" not in swap:
        rows["A"].save()  # what is damaged stays as it is; the rest is saved
        assert m.Customer.objects.get(city="C").notes == "n"


def test_an_index_value_moved_by_sql_finds_another_row_and_opens_its_own_value(shop: str, m: Any) -> None:
    m.Vendor.objects.create(iban="GB1", phone="1")
    m.Vendor.objects.create(iban="GB2", phone="2")
    sql(shop, "UPDATE shop_vendor SET phone_index = NULL")
    assert not m.Vendor.objects.filter(phone="1").exists()


def test_under_other_keys_every_access_is_refused(m: Any) -> None:
    m.Customer.objects.create(email="ann@x.org", city="A")
    keys.renew()
    [one] = m.Customer.objects.all()
    assert one.city == "A"
    with pytest.raises(KeyNotFound):
        one.email  # noqa: B018 - reads it


def test_a_shredded_subject_is_refused_and_the_others_load(m: Any) -> None:
    for person in ("p1", "p2"):
        m.Patient.objects.create(person=person, diagnosis=f"of {person}")
    table = m.Patient._fieldvault
    from fieldvault.contrib.django.apps import runtime

    runtime().cipher(table.schema, "acme").shred_subjects(["p1"])
    rows = {one.person: one for one in m.Patient.objects.all()}
    assert rows["p2"].diagnosis == "of p2"
    with pytest.raises(KeyDestroyed):
        rows["p1"].diagnosis  # noqa: B018 - reads it
    rows["p1"].save()


def test_a_subject_that_is_the_row_itself_is_shredded_alone(m: Any) -> None:
    one, other = (m.Member.objects.create(phone=phone) for phone in ("1", "2"))
    from fieldvault.contrib.django.apps import runtime

    runtime().cipher(m.Member._fieldvault.schema, "acme").shred_subjects([one.pk])
    rows = {row.pk: row for row in m.Member.objects.all()}
    assert rows[other.pk].phone == "2"
    with pytest.raises(KeyDestroyed):
        rows[one.pk].phone  # noqa: B018 - reads it
    assert m.Member.objects.get(phone="2").pk == other.pk


def test_a_value_is_not_carried_to_another_row_or_model(m: Any) -> None:
    m.Customer.objects.create(email="ann@x.org", name="Ann")
    [sealed] = m.Customer.objects.values_list("email", flat=True)
    other = m.Customer.objects.create(email="bob@x.org")
    other.email = sealed
    for _ in range(2):
        with pytest.raises(AuthenticationFailed):
            other.save()
        with pytest.raises(AuthenticationFailed):
            other.email  # noqa: B018 - reads it
    with pytest.raises(WriteRefused):
        m.Login(email=sealed)
    assert m.Customer.objects.get(email="bob@x.org").email == "bob@x.org"


def test_an_older_envelope_of_the_same_row_is_indexed_anew(m: Any) -> None:
    one = m.Customer.objects.create(email="old@x.org")
    [older] = m.Customer.objects.values_list("email", flat=True)
    one.email = "new@x.org"
    one.save()
    one.email = older
    assert one.email == "old@x.org"
    one.save()
    assert m.Customer.objects.get(email="old@x.org").email == "old@x.org"
    assert not m.Customer.objects.filter(email="new@x.org").exists()


def test_without_a_scope_nothing_is_sealed_found_or_opened(database: str) -> None:
    from plugins.django_site.shop.models import Customer

    for work in (
        lambda: Customer.objects.create(email="ann@x.org"),
        lambda: list(Customer.objects.filter(email="ann@x.org")),
        lambda: Customer.objects.bulk_create([Customer(email="ann@x.org"), Customer(email="bob@x.org")]),
    ):
        with pytest.raises(FieldvaultError) as caught:
            work()
        assert "scope" in str(caught.value)
    assert not Customer.objects.exists()


def test_another_tenants_rows_are_refused(m: Any) -> None:
    m.Customer.objects.create(email="ann@x.org")
    mine = m.Customer.objects.get(email="ann@x.org")
    with fieldvault.scoping.switch_scope(tenant="beta"):
        assert not m.Customer.objects.filter(email="ann@x.org").exists()
        [stolen] = m.Customer.objects.all()
        with pytest.raises(KeyNotFound):
            stolen.email  # noqa: B018 - reads it
        with pytest.raises(ScopeError):
            mine.email  # noqa: B018 - reads it
        mine.notes = "beta's"
        with pytest.raises(ScopeError):
            mine.save()
    assert mine.email == "ann@x.org"


def test_a_row_that_names_its_tenant(m: Any) -> None:
    ticket = m.Ticket.objects.create(tenant="acme", text="t")
    with pytest.raises(ScopeError):
        m.Ticket.objects.create(tenant="beta", text="t")
    with fieldvault.scoping.switch_scope(tenant="beta"):
        m.Ticket.objects.create(tenant="beta", text="t")
        rows = {one.tenant: one for one in m.Ticket.objects.all()}
        assert rows["beta"].text == "t"
        with pytest.raises(ScopeError):
            rows["acme"].text  # noqa: B018 - reads it
        assert [one.tenant for one in m.Ticket.objects.filter(text="t")] == ["beta"]
    ticket.tenant = "beta"
    with pytest.raises((RowIdChanged, ScopeError)):
        ticket.save()


def test_an_outage_is_an_error_of_the_access_and_passes(m: Any) -> None:
    m.Customer.objects.create(email="ann@x.org", age=3)
    keyrings = fieldvault.Keyrings(keys.KEYS.kek, keys.KEYS.store)
    from fieldvault.contrib.django.apps import runtime

    running = runtime()
    running.keyrings = keyrings
    running._ciphers.clear()
    [one] = m.Customer.objects.all()
    keys.KEYS.kek.fail_with(KekUnavailable("away"))
    with pytest.raises(KekUnavailable):
        one.email  # noqa: B018 - reads it
    one.city = "B"
    one.save(update_fields=["city"])
    keys.KEYS.kek.fail_with(None)
    assert (one.email, m.Customer.objects.get(city="B").age) == ("ann@x.org", 3)
