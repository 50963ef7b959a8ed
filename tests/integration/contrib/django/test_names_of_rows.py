"""`__str__`, `__repr__` and `natural_key`: what Django keeps and shows of a row without being asked."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import checks


def found(model: Any, method: Any, monkeypatch: pytest.MonkeyPatch, name: str = "__str__") -> bool:
    monkeypatch.setattr(model, name, method, raising=False)
    errors = [one for one in checks.run_checks(tags=["fieldvault"]) if one.id == "fieldvault.E008"]
    return bool(errors)


def test_a_name_made_of_values_is_an_error(m: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not found(m.Customer, lambda self: f"customer {self.pk} of {self.city}", monkeypatch)
    assert found(m.Customer, lambda self: f"{self.name}", monkeypatch)
    assert found(m.Customer, lambda self: ", ".join(one for one in [self.email]), monkeypatch)


def test_so_is_one_that_reads_them_by_a_property_a_method_or_a_relation(
    m: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(m.Customer, "title", property(lambda self: self.email), raising=False)
    assert found(m.Customer, lambda self: self.title, monkeypatch)
    monkeypatch.undo()
    assert found(m.Order, lambda self: f"order of {self.customer.email}", monkeypatch)
    monkeypatch.undo()
    assert found(m.Customer, lambda self: (self.email,), monkeypatch, "natural_key")


def test_masks_of_protected_values_are_no_error(m: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not found(m.Employee, lambda self: f"{self.email}", monkeypatch)


def test_a_repr_is_not_made_of_the_name(m: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(m.Customer, "__str__", lambda self: self.email)
    one = m.Customer.objects.create(email="canary@example.com")
    assert "canary" not in f"{one!r} {[one]!r} {m.Customer.objects.all()!r}"
    assert str(one.pk) in repr(one)
