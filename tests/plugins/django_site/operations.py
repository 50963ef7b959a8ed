"""The rows of the table of operations: where they are collected, and what their tests share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections, transaction
from plugins.django_site import ROUTED

from fieldvault.errors import FieldvaultError

ANN, BOB = "Ann@Example.com", "bob@example.org"
ROWS: dict[str, Callable[[], None]] = {}


def row(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def add(test: Callable[[], None]) -> Callable[[], None]:
        assert name not in ROWS
        ROWS[name] = test
        return test

    return add


def shop_models() -> Any:
    from plugins.django_site.shop import models

    return models


def stored(model: Any, column: str) -> list[Any]:
    """The column's cells as the database has them."""
    connection = connections[ROUTED.alias]
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT "{column}" FROM "{model._meta.db_table}" ORDER BY 1')
        return [None if cell is None else bytes(cell) for (cell,) in cursor.fetchall()]


def refused(kind: type[FieldvaultError], operation: Callable[[], Any]) -> FieldvaultError:
    """Exactly this error, with what to do instead, and nothing of the values; nothing was written."""
    customer = shop_models().Customer
    before = stored(customer, "email"), stored(customer, "email_index"), stored(customer, "name")
    with pytest.raises(kind) as caught, transaction.atomic(using=ROUTED.alias):
        operation()
    assert type(caught.value) is kind
    assert caught.value.__context__ is None
    assert not re.search(r"\bann\b|\bbob|secret", str(caught.value), re.IGNORECASE)
    assert before == (stored(customer, "email"), stored(customer, "email_index"), stored(customer, "name"))
    return caught.value


def says_what_to_do(error: FieldvaultError) -> None:
    assert error.hint


def ann(**more: Any) -> Any:
    return shop_models().Customer.objects.create(email=ANN, name="Ann Li", **more)


def found(email: str) -> Any:
    return shop_models().Customer.objects.get(email=email)
