"""Operations that read rows and hand them on."""

from __future__ import annotations

import copy
import pickle
import re

import pytest
from asgiref.sync import async_to_sync
from django.core import serializers
from django.db import connections
from django.db.models import F
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext
from django.utils.functional import SimpleLazyObject, lazystr
from plugins.django_site import ROUTED
from plugins.django_site.operations import ANN, BOB, ann, found, refused, row, says_what_to_do, shop_models

from fieldvault.contrib.django.sealing.sealed import Sealed
from fieldvault.errors import FieldvaultError, NotIndexable, QueryRefused, ValueRefused


@row("iterating, slicing, `first()`, `iterator()`, `in_bulk()`")
def _() -> None:
    customers = shop_models().Customer.objects
    customers.bulk_create([shop_models().Customer(email=f"e{n}@x.org", age=n) for n in range(30)])
    assert [one.age for one in customers.order_by("pk")] == list(range(30))
    assert [one.age for one in customers.order_by("pk").iterator(chunk_size=7)] == list(range(30))
    assert [one.age for one in customers.order_by("pk")[3:5]] == [3, 4]
    first = customers.order_by("pk").first()
    assert customers.in_bulk([first.pk])[first.pk].email == "e0@x.org"


@row("`in_bulk(field_name=…)`")
def _() -> None:
    ann()
    with pytest.raises(ValueError, match="must be a unique field"):
        shop_models().Customer.objects.in_bulk([ANN], field_name="email")


@row("`values()`, `values_list()`, `annotate(x=F(field))`")
def _() -> None:
    customer = ann()
    customers = type(customer).objects
    [given] = customers.values("email", "fieldvault_row_id")
    assert isinstance(given["email"], Sealed)
    assert "Example" not in f"{given['email']!r} {given['email']}"
    assert given["email"].open(row_id=given["fieldvault_row_id"]) == ANN
    [[name]] = customers.values_list("name")
    [listed] = customers.annotate(e=F("email")).values_list("e", flat=True)
    assert [name.open(row_id=customer.fieldvault_row_id), listed.open(row_id=customer.fieldvault_row_id)] == [
        "Ann Li", ANN,
    ]  # fmt: skip
    with pytest.raises(FieldvaultError):
        name.open(row_id=b"another row")
    says_what_to_do(refused(QueryRefused, lambda: customers.filter(email=listed)))


@row("`only()`, `defer()`")
def _() -> None:
    ann(age=3)
    connection = connections[ROUTED.alias]
    with CaptureQueriesContext(connection) as queries:
        [one] = shop_models().Customer.objects.only("email")
        assert one.email == ANN
        assert len(queries) == 1
        assert one.age == 3
        assert len(queries) == 2
        [one] = shop_models().Customer.objects.defer("email")
        assert (one.age, one.email) == (3, ANN)
        [order] = [shop_models().Order(customer=one)]
        order.save()
    with CaptureQueriesContext(connection) as queries:
        order = shop_models().Order.objects.select_related("customer").only("customer__email").get()
        assert order.customer.email == ANN
    assert len(queries) <= 2
    one.email = BOB
    one.save()
    assert found(BOB).age == 3


@row("`defer()` of what rows are bound to")
def _() -> None:
    with pytest.raises(QueryRefused):
        shop_models().Customer.objects.defer("fieldvault_row_id")


@row("`refresh_from_db()`")
def _() -> None:
    customer = ann(age=3)
    other = found(ANN)
    other.email, other.age = BOB, 4
    other.save()
    customer.refresh_from_db(fields=["email"])
    assert (customer.email, customer.age) == (BOB, 3)
    customer.refresh_from_db()
    assert customer.age == 4
    customer.save()
    assert found(BOB).age == 4


@row("`select_related()`, `prefetch_related()`")
def _() -> None:
    shop_models().Order.objects.create(customer=ann())
    assert shop_models().Order.objects.select_related("customer").get().customer.email == ANN
    assert shop_models().Order.objects.prefetch_related("customer").get().customer.email == ANN
    [one] = shop_models().Customer.objects.prefetch_related("orders")
    assert one.orders.all()[0].customer.name == "Ann Li"


@row("`select_for_update()`")
def _() -> None:
    ann()
    assert shop_models().Customer.objects.select_for_update().get(email=ANN).name == "Ann Li"


@row("`raw()`")
def _() -> None:
    ann()
    [one] = shop_models().Customer.objects.raw("SELECT * FROM shop_customer")
    assert one.email == ANN
    [one] = shop_models().Customer.objects.raw("SELECT id, email FROM shop_customer")
    assert one.email == ANN


@row("`union()`, `intersection()`, `difference()` of querysets of instances")
def _() -> None:
    customers = shop_models().Customer.objects
    ann()
    customers.create(email=BOB)
    both = customers.filter(email=ANN).union(customers.filter(email=BOB))
    assert {one.email for one in both} == {ANN, BOB}
    assert [one.email for one in customers.all().difference(customers.filter(email=ANN))] == [BOB]


@row("proxies, abstract bases, inheritance over tables")
def _() -> None:
    ann()
    assert shop_models().Vip.objects.get(email=ANN).name == "Ann Li"
    company = shop_models().Company.objects.create(name="Acme", tax_number="T1")
    assert shop_models().Company.objects.get(name="Acme", tax_number="T1").pk == company.pk
    assert shop_models().Party.objects.get(name="Acme").company.tax_number == "T1"
    company.tax_number, company.name = "T2", "Acme 2"
    company.save()
    [again] = shop_models().Company.objects.all()
    assert (again.name, again.tax_number) == ("Acme 2", "T2")
    assert shop_models().Vendor.objects.create(iban="GB1", phone="5").phone == "5"
    assert shop_models().Vendor.objects.get(phone="5").iban == "GB1"


@row("`dumpdata`, `loaddata`, serializers")
def _() -> None:
    customer = ann(age=41, extra={"k": "secret"})
    for form in ("json", "xml", "jsonl", "python"):
        dumped = serializers.serialize(form, type(customer).objects.all())
        assert not re.search("Ann Li|Example|secret|41<|: 41", str(dumped))
        assert "fv1." in str(dumped)
        type(customer).objects.all().delete()
        for one in serializers.deserialize(form, dumped):
            one.save()
        assert (found(ANN).age, found(ANN).extra) == (41, {"k": "secret"})
    plain = f'[{{"model": "shop.customer", "pk": 77, "fields": {{"email": "{BOB}", "name": "Bob"}}}}]'
    for one in serializers.deserialize("json", plain):
        one.save()
    assert found(BOB).name == "Bob"


@row("`asave()`, `acreate()`, `aget()`, `async for` and the rest of the asynchronous ORM")
def _() -> None:
    customers = shop_models().Customer.objects

    async def work() -> None:
        # The test's transaction is of this thread, so the asynchronous methods run in it too.
        assert [one.email async for one in customers.filter(email=ANN)] == [ANN]
        one = await customers.aget(email=ANN)
        one.email = BOB
        await one.asave(update_fields=["email"])
        await one.arefresh_from_db()
        assert one.email == BOB
        await customers.acreate(email="new@x.org")
        await customers.abulk_create([shop_models().Customer(email="newer@x.org")])
        assert await customers.filter(email="newer@x.org").acount() == 1

    customers.create(email=ANN)
    async_to_sync(work)()


@row("pickles and copies of instances")
def _() -> None:
    customer = ann()
    customer.notes = "secret and not saved"
    for one in (customer, found(ANN)):
        one.email  # noqa: B018 - opened
        pickled = pickle.dumps(one)
        assert b"xample" not in pickled
        assert b"secret" not in pickled
        again = pickle.loads(pickled)
        assert (again.email, copy.copy(one).name, copy.deepcopy(one).email) == (ANN, "Ann Li", ANN)
    with pytest.raises(QueryRefused):
        pickle.dumps(type(customer).objects.filter(email=ANN).query)


@row("a value of another type, or that cannot be indexed")
def _() -> None:
    customer = ann()
    customer.age = "secret"
    says_nothing = refused(ValueRefused, customer.save)
    assert says_nothing.field == "age"
    customer.age, customer.email = 1, "secret: no address"
    refused(NotIndexable, customer.save)


@row("`model_to_dict()`, and a new instance of it")
def _() -> None:
    ann(notes="n")
    given = model_to_dict(shop_models().Customer.objects.get(), fields=["name", "notes", "email"])
    assert "Ann" not in repr(given)
    says_what_to_do(refused(QueryRefused, lambda: shop_models().Customer.objects.filter(email=given["email"])))
    given["email"] = BOB
    shop_models().Customer.objects.create(**given)
    assert (found(BOB).name, found(BOB).notes) == ("Ann Li", "n")


@row("values that Django makes later: `lazystr`, `SimpleLazyObject`")
def _() -> None:
    shop_models().Customer.objects.create(email=lazystr(ANN), name=SimpleLazyObject(lambda: "Ann Li"))
    assert found(lazystr(ANN)).name == "Ann Li"
