"""Options of an admin that could show, lose or fail on a value: inlines, lists, search, filters, logs."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import checks
from django.db import connections
from plugins.django_site import keys
from plugins.django_site.admins import registered

CANARY = "canary.of.ann@example.com"


@pytest.fixture
def customer(m: Any) -> Any:
    return m.Customer.objects.create(name="Canary Name", email=CANARY, notes="canary notes", age=41, city="Bern")


@pytest.fixture
def client(customer: Any) -> Any:
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.create_superuser("root", password="x"))
    return client


def made(base: str = "EncryptedModelAdmin", **options: Any) -> Any:
    from fieldvault.contrib.django import admin

    return type("Made", (getattr(admin, base),), options)


def shown(client: Any, url: str, **given: str) -> str:
    """A page without the canary."""
    text = searched(client, url, **given)
    assert "canary" not in text.lower()
    return text


def searched(client: Any, url: str, **given: str) -> str:
    """A page that may show what was looked for, since it was typed."""
    response = client.get(f"/admin/shop/{url}", given)
    assert response.status_code == 200
    return str(response.content.decode())


def ids() -> set[str | None]:
    return {one.id for one in checks.run_checks(tags=["fieldvault"])}


def rows_in(page: str) -> int:
    return page.count('class="action-select"')


def test_a_list_that_edits_keeps_what_it_does_not_show(m: Any, client: Any, customer: Any) -> None:
    listed = made(list_display=("pk", "email", "city"), list_editable=("email", "city"))
    with registered({m.Customer: listed}):
        assert "fieldvault.E009" in ids()
        shown(client, "customer/")
        given = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": customer.pk, "form-0-city": "Basel"}
        assert client.post("/admin/shop/customer/", given | {"_save": "Save"}).status_code == 302
    assert m.Customer.objects.get(email=CANARY).city == "Basel"


@pytest.mark.parametrize("base", ["EncryptedTabularInline", "EncryptedStackedInline"])
def test_an_inline_shows_no_value_and_keeps_what_is_left_empty(m: Any, client: Any, base: str) -> None:
    from django.contrib import admin

    company = m.Company.objects.create(name="N", tax_number="canary")
    plain = type("Plain", (admin.StackedInline,), {"model": m.Company, "fk_name": "party_ptr"})
    with registered({m.Party: made(inlines=[plain])}):
        assert "fieldvault.E006" in ids()
    inline = made(base, model=m.Company, fk_name="party_ptr", fields=("tax_number",))
    url = f"/admin/shop/party/{company.pk}/change/"
    with registered({m.Party: made(inlines=[inline], fields=("name",))}):
        assert "fieldvault.E006" not in ids()
        shown(client, f"party/{company.pk}/change/")
        given = {
            "name": "", "company-TOTAL_FORMS": 1, "company-INITIAL_FORMS": 1,
            "company-0-party_ptr": company.pk, "company-0-tax_number": "",
        }  # fmt: skip
        assert client.post(url, given).status_code == 302
        assert m.Company.objects.get(name="N").tax_number == "canary"
        assert client.post(url, given | {"company-0-tax_number": "new"}).status_code == 302
    assert m.Company.objects.get(tax_number="new").name == "N"


def test_a_search_takes_any_term_for_any_type(m: Any, client: Any) -> None:
    m.Everything.objects.create(integer=5)
    with registered({m.Everything: made(search_fields=("integer", "uuid", "date"))}):
        assert rows_in(shown(client, "everything/", q="abc")) == 0
        assert rows_in(shown(client, "everything/", q="5")) == 1


def test_a_relation_is_searched_listed_and_completed(m: Any, client: Any, customer: Any) -> None:
    m.Order.objects.create(customer=customer)
    options: Any = {
        "search_fields": ("customer__email", "total"), "autocomplete_fields": ("customer",),
        "list_display": ("pk", "customer__email"),
    }  # fmt: skip
    customers = made(search_fields=("email",), ordering=("pk",))
    with registered({m.Order: made(**options), m.Customer: customers}):
        assert not ids() & {"fieldvault.E006", "fieldvault.E009"}
        assert rows_in(searched(client, "order/", q=CANARY.upper())) == 1
        assert "@example.com" in shown(client, "order/", q="0")
        assert rows_in(shown(client, "order/", q="nobody@x.org")) == 0
        shown(client, "order/add/")
        asked = {"app_label": "shop", "model_name": "order", "field_name": "customer", "term": CANARY}
        completed = client.get("/admin/autocomplete/", asked)
        assert [one["id"] for one in completed.json()["results"]] == [str(customer.pk)]
        assert "canary" not in completed.content.decode().lower()


@pytest.mark.parametrize(
    "options",
    [
        {"list_filter": ("customer__email",)}, {"ordering": ("-customer__email",)},
        {"search_fields": ("customer__email",)}, {"date_hierarchy": "customer__email"},
    ],
)  # fmt: skip
def test_an_option_that_cannot_work_is_an_error(m: Any, options: Any) -> None:
    from django.contrib import admin

    with registered({m.Order: type("Orders", (admin.ModelAdmin,), options)}):
        assert "fieldvault.E009" in ids()
    with registered({m.Order: type("Orders", (admin.ModelAdmin,), {"list_display": ("customer__email",)})}):
        assert "fieldvault.E006" in ids()


def test_the_log_messages_and_questions_of_the_admin_hold_no_value(m: Any, client: Any, customer: Any) -> None:
    from django.contrib.admin.models import LogEntry

    url = f"/admin/shop/customer/{customer.pk}/"
    client.post(f"{url}change/", {"city": "Basel", "name": "Canary 2", "email": "canary2@x.org", "age": ""})
    for page in ("delete/", "history/", "change/"):
        shown(client, f"customer/{customer.pk}/{page}")
    chosen = {"action": "delete_selected", "_selected_action": [customer.pk]}
    assert "canary" not in client.post("/admin/shop/customer/", chosen).content.decode().lower()
    assert "canary" not in client.post(f"{url}delete/", {"post": "yes"}, follow=True).content.decode().lower()
    assert LogEntry.objects.count() == 2
    assert "canary" not in repr(list(LogEntry.objects.values())).lower()


def test_a_row_with_a_damaged_value_can_be_saved_and_mended(m: Any, client: Any, customer: Any, shop: str) -> None:
    with connections[shop].cursor() as cursor:
        cursor.execute("UPDATE shop_customer SET email = notes")
    url = f"/admin/shop/customer/{customer.pk}/change/"
    given = {"city": "Basel", "name": "", "email": "", "age": ""}
    assert client.post(url, given).status_code == 302
    assert client.post(url, given | {"email": "new@x.org"}).status_code == 302
    again = m.Customer.objects.get(email="new@x.org")
    assert (again.city, again.email, again.name) == ("Basel", "new@x.org", "Canary Name")


def test_what_was_typed_is_in_no_report_of_an_error(
    client: Any, customer: Any, monkeypatch: pytest.MonkeyPatch, settings_without_debug: None
) -> None:
    from django.views.debug import SafeExceptionReporterFilter

    from fieldvault.contrib.django.admin import EncryptedModelAdmin

    requests: list[Any] = []

    def fail(_: Any, request: Any, *given: Any, **named: Any) -> None:
        requests.append(request)

    monkeypatch.setattr(EncryptedModelAdmin, "has_change_permission", fail)
    client.post(f"/admin/shop/customer/{customer.pk}/change/", {"email": CANARY})
    reported = SafeExceptionReporterFilter().get_post_parameters(requests[0])
    assert reported.keys() == {"email"}
    assert CANARY not in repr(reported)


@pytest.fixture
def settings_without_debug() -> Any:
    from django.test import override_settings

    with override_settings(DEBUG=False):
        yield


def test_revealing_asks_for_both_permissions_first_and_records_whose_key(client: Any, customer: Any) -> None:
    from django.contrib.auth.models import Permission, User
    from django.test import Client

    url = f"/admin/shop/customer/{customer.pk}/reveal/"
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename="reveal_customer"))
    other = Client()
    other.force_login(clerk)
    assert other.post(url, {"reason": "curious"}).status_code == 403
    assert not keys.AUDIT.events
    client.post(url, {"reason": "ticket 7"})
    revealed = {one.details["field"]: one.details for one in keys.AUDIT.events}
    assert revealed.keys() == {"name", "email", "age", "notes"}  # extra is NULL: nothing to see
    assert {len(str(one["keys"])) for one in revealed.values()} == {32}
