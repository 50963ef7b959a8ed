"""Operations that write."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Case, F, OuterRef, Subquery, Value, When
from django.db.models.functions import Lower, Upper
from plugins.django_site import ROUTED
from plugins.django_site.operations import ANN, BOB, ann, found, refused, row, says_what_to_do, shop_models, stored

from fieldvault.errors import BatchError, QueryRefused, WriteRefused


@row("`save()`, `create()`")
def _() -> None:
    customer = ann(age=41)
    assert all(cell.startswith(b"\x01") and b"xample" not in cell for cell in stored(type(customer), "email"))
    customer.email = BOB
    customer.save()
    assert found(BOB).age == 41
    assert not type(customer).objects.filter(email=ANN).exists()


@row("`save(update_fields=[…])`")
def _() -> None:
    customer = ann()
    customer.email, customer.name = BOB, "not written"
    customer.save(update_fields=["email"])
    assert found(BOB).name == "Ann Li"
    assert not type(customer).objects.filter(email=ANN).exists()


@row("`save(force_insert=True)`, `save(force_update=True)`")
def _() -> None:
    vendors = shop_models().Vendor.objects
    vendor = shop_models().Vendor(iban="GB33", phone="1")
    vendor.save(force_insert=True)
    vendor.iban = "GB44"
    vendor.save(force_update=True)
    assert vendors.get(iban="GB44").phone == "1"


@row("`bulk_create()`")
def _() -> None:
    customers = shop_models().Customer.objects
    customers.bulk_create([shop_models().Customer(email=f"e{n}@x.org", age=n) for n in range(20)])
    assert customers.get(email="E7@X.ORG").age == 7
    error = refused(
        BatchError, lambda: customers.bulk_create([shop_models().Customer(age=n) for n in (1, "secret")])
    )
    assert error.failures.keys() == {1}


@row("`bulk_create(ignore_conflicts=True)`")
def _() -> None:
    first = ann(age=1)
    type(first).objects.bulk_create([type(first)(email=ANN, age=2)], ignore_conflicts=True)
    assert found(ANN).age == 1


@row("`bulk_create(update_conflicts=True)` on the row id, or writing every encrypted field")
def _() -> None:
    vendor = shop_models().Vendor.objects.create(iban="GB1", phone="1")
    again = shop_models().Vendor(id=vendor.id, iban="GB2", phone="2")
    shop_models().Vendor.objects.bulk_create(
        [again], update_conflicts=True, unique_fields=["id"], update_fields=["iban"]
    )
    assert (shop_models().Vendor.objects.get(iban="GB2").phone) == "1"
    customer = ann(age=1)
    everything = ["name", "email", "age", "notes", "extra"]
    type(customer).objects.bulk_create(
        [type(customer)(email=ANN.lower(), name="Annie", age=2)],
        update_conflicts=True, unique_fields=["email"], update_fields=everything,
    )  # fmt: skip
    assert (found(ANN).pk, found(ANN).name, found(ANN).age) == (customer.pk, "Annie", 2)


@row("`bulk_create(update_conflicts=True)` otherwise")
def _() -> None:
    customer = ann()
    again = type(customer)(email=ANN, name="Annie")
    says_what_to_do(
        refused(
            WriteRefused,
            lambda: type(customer).objects.bulk_create(
                [again], update_conflicts=True, unique_fields=["email"], update_fields=["name"]
            ),
        )
    )


@row("`bulk_update()`")
def _() -> None:
    customers = shop_models().Customer.objects
    customers.bulk_create([shop_models().Customer(email=f"e{n}@x.org", name=f"n{n}") for n in range(5)])
    rows = list(customers.all())
    for one in rows:
        one.email, one.city = f"new-{one.email}", "Bern"
    rows[0].email = None
    assert customers.bulk_update(rows, ["email", "city"]) == 5
    assert customers.get(email="new-e3@x.org").name == "n3"
    assert not customers.filter(email__in=[f"e{n}@x.org" for n in range(5)]).exists()
    assert stored(shop_models().Customer, "email_index").count(None) == 1
    assert {one.city for one in customers.all()} == {"Bern"}
    assert sorted(one.email or "" for one in rows)[1].startswith("new-")  # the instances have values, as before


@row("`update(field=None)`")
def _() -> None:
    customer = ann()
    type(customer).objects.update(email=None)
    assert stored(type(customer), "email") == stored(type(customer), "email_index") == [None]
    assert type(customer).objects.filter(email__isnull=True).exists()


@row("`update(field=value)` of a field with `row_bound=False`")
def _() -> None:
    logins = shop_models().Login.objects
    logins.bulk_create([shop_models().Login(email=ANN), shop_models().Login(email=BOB)])
    logins.filter(email=ANN).update(email="new@x.org")
    assert [one.email for one in logins.filter(email="new@x.org")] == ["new@x.org"]
    assert not logins.filter(email=ANN).exists()


@row("`update(field=value)` of any other")
def _() -> None:
    customer = ann()
    says_what_to_do(refused(WriteRefused, lambda: type(customer).objects.update(email="secret@x.org")))
    says_what_to_do(refused(WriteRefused, lambda: type(customer).objects.filter(email=ANN).update(name="secret")))
    says_what_to_do(refused(WriteRefused, lambda: type(customer)._base_manager.update(name="secret")))


@row("`update()` of other fields")
def _() -> None:
    ann()
    shop_models().Customer.objects.filter(email=ANN).update(city="Bern")
    assert (found(ANN).city, found(ANN).name) == ("Bern", "Ann Li")


@row("`update()` of the row id, the tenant or the subject")
def _() -> None:
    ann()
    refused(WriteRefused, lambda: shop_models().Customer.objects.update(fieldvault_row_id=None))
    says_what_to_do(refused(WriteRefused, lambda: shop_models().Ticket.objects.update(tenant="beta")))
    refused(WriteRefused, lambda: shop_models().Patient.objects.update(person="p2"))


@row("`F()`, `Case`, `Value` and functions, assigned or in `update()`")
def _() -> None:
    customer = ann()
    for expression in (
        F("name"), F("city"), Value("secret"), Lower("city"),
        Case(When(pk=1, then=Value("secret")), default=F("email")),
        Subquery(type(customer).objects.filter(pk=OuterRef("pk")).values("email")[:1]),
    ):  # fmt: skip
        says_what_to_do(refused(WriteRefused, lambda e=expression: type(customer).objects.update(email=e)))
        says_what_to_do(refused(WriteRefused, lambda e=expression: setattr(customer, "email", e)))
    for expression in (Value("secret"), F("name"), Case(When(pk=1, then=Value("secret")))):
        says_what_to_do(refused(WriteRefused, lambda e=expression: type(customer)._base_manager.update(email=e)))
    says_what_to_do(refused(QueryRefused, lambda: type(customer).objects.update(city=F("email"))))
    says_what_to_do(refused(QueryRefused, lambda: type(customer)._base_manager.update(city=F("email"))))
    says_what_to_do(refused(QueryRefused, lambda: type(customer).objects.update(city=Upper("name"))))


@row("`get_or_create()`")
def _() -> None:
    customers = shop_models().Customer.objects
    one, created = customers.get_or_create(email=ANN, defaults={"age": 7})
    assert created
    assert customers.get_or_create(email=ANN.upper(), defaults={"age": 8}) == (one, False)
    assert found(ANN).age == 7


@row("`update_or_create()`")
def _() -> None:
    customers = shop_models().Customer.objects
    customers.update_or_create(email=ANN, defaults={"age": 7})
    _, created = customers.update_or_create(email=ANN, defaults={"name": "Annie", "email": BOB})
    assert not created
    assert (found(BOB).name, found(BOB).age, customers.count()) == ("Annie", 7, 1)


@row("`delete()`, of an instance or a queryset")
def _() -> None:
    customer = ann()
    shop_models().Order.objects.create(customer=customer)
    shop_models().Customer.objects.filter(email=ANN).delete()
    assert not shop_models().Order.objects.exists()
    other = ann()
    other.delete()
    assert other.email == ANN


@row("a second instance by `pk = None` and `save()`")
def _() -> None:
    vendor = shop_models().Vendor.objects.create(iban="GB1", phone="1")
    copy = shop_models().Vendor.objects.get(pk=vendor.pk)
    copy.pk, copy._state.adding, copy.iban = None, True, "GB2"
    copy.id = shop_models().Vendor._meta.pk.get_default()
    copy.save()
    assert {one.phone for one in shop_models().Vendor.objects.all()} == {"1"}
    assert shop_models().Vendor.objects.get(iban="GB2").pk != vendor.pk


@row("`_base_manager`, related managers")
def _() -> None:
    customer = ann()
    orders = [shop_models().Order.objects.create(customer=customer)]
    base = type(customer)._base_manager
    refused(WriteRefused, lambda: base.update(email_index=None))
    refused(WriteRefused, lambda: customer.__class__._base_manager.using(ROUTED.alias).update(email="secret@x.org"))
    base.bulk_create([type(customer)(email=BOB)])
    assert base.get(email=BOB).email == BOB
    base.filter(email=BOB).update(email=None)
    assert stored(type(customer), "email_index").count(None) == 1
    assert orders[0].customer.email == ANN
    assert type(shop_models().Vip._base_manager.all()) is type(customer.__class__.objects.all())


@row("`update()` of envelopes, alone or by `Case`")
def _() -> None:
    customer = ann()
    other = type(customer).objects.create(email=BOB)
    [sealed] = type(customer).objects.filter(pk=customer.pk).values_list("email", flat=True)
    column, mine = type(customer)._meta.get_field("email"), type(customer).objects.filter(pk=other.pk)
    value = Value(sealed, output_field=column)
    for expression in (sealed, value, Case(When(pk=other.pk, then=value), output_field=column)):
        refused(WriteRefused, lambda e=expression: mine.update(email=e))
    assert found(BOB).pk == other.pk


@row("`full_clean()`, `validate_unique()`")
def _() -> None:
    customer = ann()
    customer.full_clean()
    copied = type(customer).objects.get()
    copied.pk, copied._state.adding = None, True
    for taken in (copied, type(customer)(email=ANN.lower(), name="x")):
        with pytest.raises(ValidationError) as caught:
            taken.validate_unique()
        assert caught.value.error_dict.keys() == {"email"}
    customer.email = "no address"
    with pytest.raises(ValidationError):
        customer.full_clean()


@row("a transaction that is rolled back")
def _() -> None:
    made = shop_models().Customer(email=ANN)
    with transaction.atomic(using=ROUTED.alias):
        made.save()
        transaction.set_rollback(True, using=ROUTED.alias)
    made.pk, made._state.adding = None, True
    made.save()
    assert found(ANN).email == ANN
