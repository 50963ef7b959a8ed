"""The admin: masked, searched by token, revealed with a reason; and forms."""

from __future__ import annotations

from typing import Any

import pytest
from plugins.django_site import keys

CANARY = "canary.of.ann@example.com"


@pytest.fixture
def customer(shop: str) -> Any:
    from plugins.django_site.shop.models import Customer

    return Customer.objects.create(name="Canary Name", email=CANARY, notes="canary notes", age=41, city="Bern")


@pytest.fixture
def client(customer: Any) -> Any:
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.create_superuser("root", password="x"))
    return client


def page(client: Any, url: str) -> str:
    response = client.get(f"/admin/shop/customer/{url}")
    assert response.status_code == 200
    return str(response.content.decode())


def test_a_list_shows_masks(client: Any, customer: Any) -> None:
    shown = page(client, "")
    assert "canary" not in shown.lower()
    assert "@example.com" in shown  # what EmailMask shows
    assert "Bern" in shown


@pytest.mark.parametrize(
    ("term", "found"),
    [(CANARY.upper(), 1), ("canary name", 1), ("Bern", 1), ("Ber", 1), ("nobody@x.org", 0), ("", 1)],
)
def test_a_search_finds_by_token_and_in_plain_fields(client: Any, term: str, found: int) -> None:
    response = client.get("/admin/shop/customer/", {"q": term})
    assert response.status_code == 200
    assert response.content.decode().count('class="action-select"') == found


def test_an_order_by_an_encrypted_column_is_not_offered(client: Any) -> None:
    shown = page(client, "?o=1")
    assert "canary" not in shown.lower()
    assert shown.count("sortable") == page(client, "").count("sortable")


def test_a_form_shows_no_value_and_keeps_what_is_left_empty(client: Any, customer: Any) -> None:
    shown = page(client, f"{customer.pk}/change/")
    assert "canary" not in shown.lower()
    client.post(
        f"/admin/shop/customer/{customer.pk}/change/", {"city": "Basel", "name": "", "email": "", "age": ""}
    )
    again = type(customer).objects.get(email=CANARY)
    assert (again.city, again.name, again.age) == ("Basel", "Canary Name", 41)
    client.post(
        f"/admin/shop/customer/{customer.pk}/change/", {"city": "Basel", "name": "New", "email": "new@x.org"}
    )
    again = type(customer).objects.get(email="new@x.org")
    assert (again.name, again.age, again.notes) == ("New", 41, "canary notes")
    assert not type(customer).objects.filter(email=CANARY).exists()


def test_a_form_that_is_refused_shows_no_value_of_the_row(client: Any, customer: Any) -> None:
    response = client.post(f"/admin/shop/customer/{customer.pk}/change/", {"age": "many", "email": "no address"})
    assert response.status_code == 200
    assert "canary" not in response.content.decode().lower()


def test_a_new_row_is_typed_in_and_a_taken_address_refused(client: Any, customer: Any) -> None:
    given = {"name": "Bob", "email": "bob@x.org", "age": "5", "city": "", "extra": "null"}
    client.post("/admin/shop/customer/add/", given)
    assert type(customer).objects.get(email="bob@x.org").age == 5
    response = client.post("/admin/shop/customer/add/", {**given, "email": CANARY.upper()})
    assert "already exists" in response.content.decode()


def test_values_are_revealed_with_a_reason_that_is_recorded(client: Any, customer: Any) -> None:
    url = f"/admin/shop/customer/{customer.pk}/reveal/"
    assert "canary" not in client.get(url).content.decode().lower()
    assert "canary" not in client.post(url, {"reason": " "}).content.decode().lower()
    assert not keys.AUDIT.events
    assert f'href="{url}"' in page(client, f"{customer.pk}/change/")
    shown = client.post(url, {"reason": "ticket 7"})
    assert CANARY in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert {(one.action, one.reason, one.tenant) for one in keys.AUDIT.events} == {("reveal", "ticket 7", "acme")}


def test_values_are_revealed_to_nobody_without_the_permission(client: Any, customer: Any) -> None:
    from django.contrib.auth.models import Permission, User
    from django.test import Client

    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["view_customer", "change_customer"]))
    other = Client()
    other.force_login(clerk)
    url = f"/admin/shop/customer/{customer.pk}/"
    assert other.post(f"{url}reveal/", {"reason": "curious"}).status_code == 403
    assert "reveal/" not in other.get(f"{url}change/").content.decode()
    clerk.user_permissions.set(Permission.objects.filter(codename="view_customer"))
    clerk = User.objects.get(pk=clerk.pk)
    other.force_login(clerk)
    shown = other.get(f"{url}change/").content.decode()
    assert "canary" not in shown.lower()
    assert "@example.com" in shown


def test_a_row_that_cannot_be_opened_does_not_break_the_list(client: Any, customer: Any, shop: str) -> None:
    from django.db import connections

    type(customer).objects.create(name="Bob", email="bob@x.org", city="Basel")
    connections[shop].cursor().execute(
        "UPDATE shop_customer SET email = "
        "(SELECT email FROM shop_customer WHERE city = 'Basel') WHERE city = 'Bern'"
    )
    shown = page(client, "")
    assert "cannot be opened" in shown
    assert "Basel" in shown
    assert page(client, f"{customer.pk}/change/")


def test_protected_attributes_show_masks_and_reveal_with_a_reason(client: Any) -> None:
    from plugins.django_site.shop.models import Employee

    from fieldvault.access import Protected

    made = Employee.objects.create(email=CANARY, salary="5000.5")
    one = Employee.objects.get(email=CANARY)
    assert isinstance(one.email, Protected)
    assert "canary" not in f"{one.email} {one.email!r} {vars(one)!r}"
    assert str(one.salary.reveal(reason="payroll")) == "5000.50"
    one.save()
    one.email = one.email
    one.salary = "6000"
    one.save()
    assert Employee.objects.get(email=CANARY).salary.reveal(reason="payroll") == 6000
    assert "canary" not in client.get("/admin/shop/employee/").content.decode().lower()
    assert "canary" not in client.get(f"/admin/shop/employee/{made.pk}/change/").content.decode().lower()


def test_a_model_form_shows_validates_and_saves_values(customer: Any) -> None:
    from django import forms

    class CustomerForm(forms.ModelForm):
        class Meta:
            model = type(customer)
            fields = ("name", "email", "age", "extra")

    again = type(customer).objects.get(pk=customer.pk)
    form = CustomerForm(instance=again)
    assert f'value="{CANARY}"' in form.as_p()
    assert 'type="email"' in form.as_p()
    assert 'type="number"' in form.as_p()
    unchanged = CustomerForm({"name": "Canary Name", "email": CANARY, "age": "41", "extra": "null"}, instance=again)
    assert not unchanged.has_changed()
    assert unchanged.is_valid(), unchanged.errors
    disabled = CustomerForm({"name": "New Name", "age": "41", "extra": "null"}, instance=again)
    disabled.fields["email"].disabled = True
    disabled.save()
    assert type(customer).objects.get(email=CANARY).name == "New Name"
    changed = CustomerForm({"name": "x", "email": "no address", "age": "y"}, instance=again)
    assert changed.errors.keys() == {"email", "age"}
    saved = CustomerForm({"name": "Ann", "email": "ann@x.org", "age": "", "extra": '{"a": 1}'}, instance=again)
    saved.save()
    assert type(customer).objects.get(email="ann@x.org").extra == {"a": 1}
    too_long = CustomerForm({"name": "x" * 101}, instance=again)
    assert "name" in too_long.errors
