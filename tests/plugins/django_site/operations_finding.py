"""Operations that look for rows."""

from __future__ import annotations

from django.db.models import (
    BinaryField,
    Case,
    Count,
    Exists,
    F,
    FilteredRelation,
    Max,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Lower
from plugins.django_site.operations import ANN, BOB, ann, refused, row, says_what_to_do, shop_models

from fieldvault.errors import QueryRefused


@row("`filter(field=…)`, `exclude()`, `Q`, `get()`")
def _() -> None:
    customers = shop_models().Customer.objects
    ann()
    customers.create(email=BOB, name="Bob")
    assert customers.get(email=ANN.lower()).name == "Ann Li"
    assert [one.email for one in customers.exclude(email=ANN)] == [BOB]
    assert customers.filter(Q(email=ANN) | Q(name="BOB")).count() == 2
    assert customers.filter(~Q(email=ANN), name="bob").count() == 1
    assert not customers.filter(email="nobody@x.org").exists()
    assert not customers.filter(email="no address").exists()


@row("`filter(field__in=[…])`")
def _() -> None:
    customers = shop_models().Customer.objects
    ann()
    customers.create(email=BOB)
    assert customers.filter(email__in=[ANN, BOB, "no address", None]).count() == 2
    assert customers.filter(email__in=[]).count() == 0
    assert customers.exclude(email__in=[ANN]).count() == 1


@row("`filter(field__iexact=…)` where the normaliser folds case")
def _() -> None:
    ann()
    assert shop_models().Customer.objects.filter(email__iexact=ANN.upper(), name__iexact="ANN LI").count() == 1
    says_what_to_do(refused(QueryRefused, lambda: shop_models().Vendor.objects.filter(iban__iexact="gb1")))


@row("`filter(field=None)`, `filter(field__isnull=…)`")
def _() -> None:
    customers = shop_models().Customer.objects
    ann()
    customers.create(name="nobody")
    assert customers.filter(email=None).count() == customers.filter(email__isnull=False).count() == 1
    assert customers.filter(age__isnull=True).count() == 2


@row("`filter(relation__field=…)`")
def _() -> None:
    orders = shop_models().Order.objects
    orders.create(customer=ann(), total=5)
    assert orders.get(customer__email=ANN).total == 5
    assert orders.filter(customer__email=BOB).count() == 0
    assert shop_models().Customer.objects.filter(orders__total=5, email=ANN).count() == 1


@row("any other lookup: `contains`, `gt`, `range`, `regex`, `year`, a JSON key")
def _() -> None:
    customers = shop_models().Customer.objects
    ann()
    for lookup in ("contains", "icontains", "startswith", "gt", "range", "regex", "lower"):
        says_what_to_do(refused(QueryRefused, lambda n=lookup: customers.filter(**{f"email__{n}": "secret"})))
    says_what_to_do(refused(QueryRefused, lambda: customers.filter(extra__key="secret")))
    says_what_to_do(refused(QueryRefused, lambda: shop_models().Order.objects.filter(customer__email__gt="a")))


@row("a field without `search`")
def _() -> None:
    says_what_to_do(refused(QueryRefused, lambda: shop_models().Customer.objects.filter(notes="secret")))


@row("comparing with `F()`, a subquery or a queryset")
def _() -> None:
    customers = shop_models().Customer.objects
    for value in (F("name"), Lower("city"), Subquery(customers.values("email")[:1])):
        says_what_to_do(refused(QueryRefused, lambda v=value: customers.filter(email=v)))
    says_what_to_do(refused(QueryRefused, lambda: customers.filter(email__in=customers.values("email"))))


@row("`order_by()`, `Meta.ordering`, `distinct(field)`, `values().distinct()`")
def _() -> None:
    ann()
    customers, orders = shop_models().Customer.objects, shop_models().Order.objects
    for attempt in (
        lambda: list(customers.order_by("email")), lambda: list(customers.order_by("-name")),
        lambda: list(customers.order_by(F("email").desc())), lambda: list(customers.order_by(Lower("email"))),
        lambda: list(orders.order_by("customer__email")), lambda: list(customers.values("email").distinct()),
        lambda: list(orders.values("customer__email").order_by("customer__email")),
        lambda: list(customers.annotate(e=F("email")).order_by("e")), lambda: list(customers.distinct("email")),
        lambda: customers.latest("email"), lambda: list(shop_models().Everything.objects.dates("date", "day")),
    ):  # fmt: skip
        says_what_to_do(refused(QueryRefused, attempt))
    assert customers.order_by("pk").distinct().count() == 1


@row("`aggregate()`, `annotate()` with a function, grouping by an encrypted field")
def _() -> None:
    ann()
    customers = shop_models().Customer.objects
    for attempt in (
        lambda: customers.aggregate(Max("email")), lambda: list(customers.annotate(l=Lower("email"))),
        lambda: list(customers.values("email").annotate(n=Count("pk"))),
        lambda: customers.aggregate(Count("email")),
        lambda: list(shop_models().Order.objects.annotate(m=Max("customer__age"))),
    ):  # fmt: skip
        says_what_to_do(refused(QueryRefused, attempt))


@row("`annotate()` and `aggregate()` of other fields")
def _() -> None:
    customer = ann()
    shop_models().Order.objects.create(customer=customer, total=3)
    [one] = shop_models().Customer.objects.annotate(n=Count("orders")).filter(n=1)
    assert (one.email, one.n) == (ANN, 1)
    assert list(shop_models().Customer.objects.annotate(n=Count("orders")).values_list("n", flat=True)) == [1]
    flagged = shop_models().Customer.objects.annotate(is_ann=Case(When(email=ANN, then=Value(1)), default=Value(0)))
    assert flagged.get().is_ann == 1


@row("`Exists()`, `field__in=` a queryset of instances, `FilteredRelation`, `annotate(x=Q(field=…))`")
def _() -> None:
    customers, orders = shop_models().Customer.objects, shop_models().Order.objects
    orders.create(customer=ann())
    customers.create(email=BOB)
    mine = customers.filter(email=ANN)
    assert orders.filter(Exists(customers.filter(pk=OuterRef("customer"), email=ANN))).count() == 1
    assert orders.filter(customer__in=mine).count() == 1
    assert orders.filter(customer__in=customers.filter(email__in=[])).count() == 0
    assert [one.is_ann for one in customers.annotate(is_ann=Q(email=ANN)).order_by("pk")] == [True, False]
    assert mine.distinct().count() == mine.all()[:5].count() == mine.values("email").count() == 1
    joined = customers.annotate(o=FilteredRelation("orders", condition=Q(orders__total=0)))
    assert joined.filter(o__isnull=False).get().email == ANN
    assert customers.alias(e=F("email")).filter(e=ANN).count() == 1


@row("`exclude()` and `~Q` beside NULL, a relation that is NULL, an empty `in`")
def _() -> None:
    customers, orders = shop_models().Customer.objects, shop_models().Order.objects
    orders.create(customer=ann())
    orders.create(customer=None)
    customers.create(email=None)
    customers.create(email=BOB)
    assert customers.exclude(email=ANN).count() == customers.filter(~Q(email=ANN)).count() == 2
    assert customers.exclude(email__in=[ANN, None]).count() == customers.exclude(email__in=[ANN]).count()
    assert customers.exclude(email="no address").count() == customers.exclude(email__in=[]).count() == 3
    assert customers.exclude(email=None).count() == 2
    assert orders.exclude(customer__email=ANN).count() == 1
    assert customers.exclude(orders__customer__email=ANN).count() == 2


@row("`Subquery()` of an encrypted column, or `values()` of it inside another query")
def _() -> None:
    customer = ann()
    customers, orders = shop_models().Customer.objects, shop_models().Order.objects
    orders.create(customer=customer)
    its = customers.filter(pk=OuterRef("customer")).values("email")[:1]
    for attempt in (
        lambda: list(orders.annotate(e=Subquery(its))),
        lambda: list(orders.annotate(e=Subquery(its)).filter(e=ANN)),
        lambda: list(orders.annotate(e=Subquery(its, output_field=BinaryField()))),
        lambda: list(orders.filter(total=Subquery(its))),
        lambda: list(customers.filter(city__in=customers.values("email"))),
        lambda: list(customers.filter(pk__in=customers.values("email"))),
        lambda: customers.update(city=Subquery(customers.filter(pk=OuterRef("pk")).values("email")[:1])),
        lambda: customers.values("email")[:5].count(),
    ):  # fmt: skip
        says_what_to_do(refused(QueryRefused, attempt))


@row("`union()`, `intersection()`, `difference()` of `values()` with an encrypted column")
def _() -> None:
    ann()
    customers = shop_models().Customer.objects
    says_what_to_do(
        refused(QueryRefused, lambda: customers.values_list("city").union(customers.values_list("email")))
    )
    says_what_to_do(refused(QueryRefused, lambda: customers.values("email").intersection(customers.values("name"))))
