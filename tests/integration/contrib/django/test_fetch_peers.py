"""Django 6.1's FETCH_PEERS: a deferred encrypted column is fetched for all the rows of a page at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections, models
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.skipif(not hasattr(models, "FETCH_PEERS"), reason="needs Django 6.1")


def test_a_deferred_column_is_fetched_and_opened_for_all(m: Any, shop: str) -> None:
    m.Customer.objects.bulk_create([m.Customer(email=f"e{n}@x.org", city=f"{n}") for n in range(9)])
    rows = list(m.Customer.objects.defer("email").fetch_mode(models.FETCH_PEERS))
    with CaptureQueriesContext(connections[shop]) as queries:
        assert {one.email for one in rows} == {f"e{n}@x.org" for n in range(9)}
    assert len(queries) == 1
    rows[0].city = "Bern"
    rows[0].save()
    assert m.Customer.objects.get(email=rows[0].email).city == "Bern"
    rows[1].email = "new@x.org"
    rows[1].save()
    assert m.Customer.objects.get(email="new@x.org").pk == rows[1].pk


def test_related_rows_are_fetched_for_all(m: Any, shop: str) -> None:
    m.Customer.objects.bulk_create([m.Customer(email=f"e{n}@x.org") for n in range(9)])
    m.Order.objects.bulk_create([m.Order(customer=one) for one in m.Customer.objects.all()])
    orders = list(m.Order.objects.fetch_mode(models.FETCH_PEERS))
    with CaptureQueriesContext(connections[shop]) as queries:
        assert {one.customer.email for one in orders} == {f"e{n}@x.org" for n in range(9)}
    assert len(queries) == 1
