"""A rotation of index keys under Django's ORM: rows are found, unique and complete in every phase."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from plugins.django_site import keys
from plugins.django_site.operations import ANN, BOB, stored

from fieldvault import Keyrings
from fieldvault.ports import IndexPhase
from fieldvault.rotation import IndexRotation
from fieldvault.testing import FakeClock

PHASES = [IndexPhase.DUAL_WRITE, IndexPhase.BACKFILL, IndexPhase.CUT_OVER, IndexPhase.DROP]


class Rotating:
    """The keys of the test, on a clock that is moved by hand. Saving every row is the backfill."""

    def __init__(self) -> None:
        from fieldvault.contrib.django.apps import runtime

        self.clock = FakeClock()
        running = runtime()
        running.keyrings = Keyrings(keys.KEYS.kek, keys.KEYS.store, clock=self.clock)
        running._ciphers.clear()
        self.rotation = IndexRotation(running.keyrings, tenant="acme", tables=[])

    def step(self) -> IndexPhase:
        self.clock.advance(400.0)
        state = self.rotation.state
        taken = self.rotation.start() if state.phase is IndexPhase.STABLE else self.rotation.advance()
        self.clock.advance(400.0)
        return taken.phase


@pytest.fixture
def rotating(m: Any) -> Iterator[Rotating]:
    return Rotating()


def test_rows_are_found_and_unique_in_every_phase(m: Any, rotating: Rotating) -> None:
    from django.core.exceptions import ValidationError

    m.Customer.objects.create(email=ANN, name="Ann Li")
    for number, phase in enumerate(PHASES):
        assert rotating.step() is phase
        assert m.Customer.objects.get(email=ANN).name == "Ann Li"
        with pytest.raises(ValidationError):
            m.Customer(email=ANN.lower(), name="x").validate_unique()
        m.Customer.objects.bulk_create([m.Customer(email=f"new{number}@x.org")])
        for row in m.Customer.objects.all():
            row.save()
        assert m.Customer.objects.filter(
            email__in=[ANN, *(f"new{n}@x.org" for n in range(number + 1))]
        ).count() == (number + 2)
    assert rotating.step() is IndexPhase.STABLE
    assert m.Customer.objects.get(email=ANN).email == ANN
    assert {cell[0] for cell in stored(m.Customer, "email_index") if cell} == {2}


@pytest.mark.parametrize("way", ["save", "bulk_update", "update_or_create"])
def test_a_value_that_changes_on_the_way_leaves_no_old_index_value(m: Any, rotating: Rotating, way: str) -> None:
    m.Customer.objects.create(email=ANN)
    rotating.step()
    rotating.step()
    row = m.Customer.objects.get()
    row.email = BOB
    if way == "save":
        row.save(update_fields=["email"])
    elif way == "bulk_update":
        m.Customer.objects.bulk_update([row], ["email"])
    else:
        m.Customer.objects.update_or_create(email=ANN, defaults={"email": BOB})
    columns = stored(m.Customer, "email_index"), stored(m.Customer, "email_index_next")
    assert None not in [cell for column in columns for cell in column]
    for _ in PHASES[2:]:
        assert m.Customer.objects.get(email=BOB).pk == row.pk
        assert not m.Customer.objects.filter(email=ANN).exists()
        rotating.step()


def test_an_instance_from_before_the_backfill_does_not_empty_what_it_filled(m: Any, rotating: Rotating) -> None:
    m.Customer.objects.create(email=ANN)
    rotating.step()
    stale = m.Customer.objects.get()
    assert stored(m.Customer, "email_index_next") == [None]
    rotating.step()
    m.Customer.objects.get().save()
    filled = stored(m.Customer, "email_index_next")
    assert filled != [None]
    stale.city = "Bern"
    stale.save()
    assert stored(m.Customer, "email_index_next") == filled
