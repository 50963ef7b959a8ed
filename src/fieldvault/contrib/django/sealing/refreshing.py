"""While an instance is refreshed, the one that Django loads beside it hands its columns over unopened."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import Model

from fieldvault.contrib.django.sealing import saving
from fieldvault.contrib.django.sealing.sealed import FromRow
from fieldvault.contrib.django.sealing.table import tables_of


class _Refreshing(threading.local):
    instance: Model | None = None


_refreshing = _Refreshing()


@contextmanager
def of(instance: Model) -> Iterator[None]:
    """Everything that `refresh_from_db` does happens in here, in one thread."""
    before = _refreshing.instance
    _refreshing.instance = instance
    try:
        yield
    finally:
        _refreshing.instance = before


def is_under_way() -> bool:
    """Whether this thread is refreshing an instance."""
    return _refreshing.instance is not None


def hand_over(loaded: Model) -> None:
    """Called for each instance that is loaded: is it the one that is copied from?"""
    target = _refreshing.instance
    if target is not None and loaded._meta.concrete_model is target._meta.concrete_model and loaded.pk == target.pk:
        for table in tables_of(type(loaded)):
            saving.hand_over([loaded], table.fields, FromRow)
