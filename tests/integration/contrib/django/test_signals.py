"""Receivers of Django's signals that change a row: what they set is sealed, found, and kept with its twin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from plugins.django_site.operations import ANN, BOB, stored


@contextmanager
def received(signal: Any, sender: Any, work: Callable[[Any], None]) -> Iterator[None]:
    def receiver(instance: Any, **_: Any) -> None:
        work(instance)

    signal.connect(receiver, sender=sender)
    try:
        yield
    finally:
        signal.disconnect(receiver, sender=sender)


def test_a_receiver_of_pre_save_empties_a_field_and_its_index(m: Any) -> None:
    from django.db.models.signals import pre_save

    one = m.Customer.objects.create(email=ANN)
    with received(pre_save, m.Customer, lambda row: setattr(row, "email", None)):
        one.save()
    assert stored(m.Customer, "email") == stored(m.Customer, "email_index") == [None]


def test_a_receiver_of_pre_save_sets_a_field_and_it_is_found(m: Any) -> None:
    from django.db.models.signals import pre_save

    one = m.Customer.objects.create(email=ANN)
    with received(pre_save, m.Customer, lambda row: setattr(row, "email", BOB)):
        one.save()
    assert m.Customer.objects.get(email=BOB).email == BOB
    assert not m.Customer.objects.filter(email=ANN).exists()
    assert one.email == BOB


def test_a_receiver_of_pre_save_sets_a_column_that_is_being_migrated(m: Any) -> None:
    from django.db.models.signals import pre_save

    one = m.Migrating.objects.create(email=ANN)
    with received(pre_save, m.Migrating, lambda row: setattr(row, "email", BOB)):
        one.save()
    assert m.Migrating.objects.get(email=BOB).email_sealed == BOB
    assert m.Migrating.objects.get(email_sealed=BOB).pk == one.pk


def test_a_receiver_of_post_init_makes_and_changes_instances_while_a_row_is_loaded(m: Any) -> None:
    from django.db.models.signals import post_init

    m.Customer.objects.create(email=ANN, notes="n")
    made: list[Any] = []

    def work(row: Any) -> None:
        made.append(m.Login(email=BOB))
        row.notes = "set by a receiver"

    with received(post_init, m.Customer, work):
        [one] = m.Customer.objects.all()
        one.refresh_from_db(fields=["city"])
    assert (one.notes, one.email, made[0].email) == ("set by a receiver", ANN, BOB)
    one.save()
    assert m.Customer.objects.get(email=ANN).notes == "set by a receiver"
