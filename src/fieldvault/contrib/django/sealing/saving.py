"""What Django gets when it asks an instance for a column to write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db.models import Model

from fieldvault.attempts import attempt
from fieldvault.contrib.django.sealing import writing
from fieldvault.contrib.django.sealing.sealed import HandedOver, Sealed

if TYPE_CHECKING:
    from fieldvault.contrib.django.fields.base import EncryptedField


def cell_to_write(instance: Model, field: EncryptedField) -> Sealed | None:
    """The column's `Sealed` with its envelope. Seals all that is new in the instance, if anything is."""
    sealed = cell_of(instance, field)
    if sealed is not None and sealed.envelope is None:
        attempt(writing.seal, field.table, [instance]).or_raise()
        sealed = cell_of(instance, field)
    return sealed


def cell_of(instance: Model, field: EncryptedField) -> Sealed | None:
    """The column's `Sealed`, with or without an envelope; None for a null. Opens nothing."""
    data, attname = instance.__dict__, field.attname
    if attname not in data:
        instance.refresh_from_db(fields=[attname])
    sealed = data[attname]
    if type(sealed) is bytes:
        return Sealed(field, sealed)
    return sealed.sealed if type(sealed) is HandedOver else sealed


@contextmanager
def handed_over(instances: Sequence[Model], fields: Sequence[EncryptedField]) -> Iterator[None]:
    """While it lasts, reading these attributes gives what is sealed, and opens nothing."""
    hand_over(instances, fields)
    try:
        yield
    finally:
        for instance in instances:
            take_back(instance)


def hand_over(instances: Sequence[Model], fields: Sequence[EncryptedField], kind: type[Sealed] = Sealed) -> None:
    """From now on, reading these attributes gives what is sealed: as a `kind` where it came with the row."""
    for instance in instances:
        data = instance.__dict__
        for field in fields:
            kept = data.get(field.attname)
            if kept is not None and type(kept) is not HandedOver:
                data[field.attname] = HandedOver(kind(field, kept) if type(kept) is bytes else kept, kept)


def take_back(instance: Model) -> None:
    """Reading attributes gives values again."""
    data = instance.__dict__
    for name, sealed in list(data.items()):
        if isinstance(sealed, HandedOver):
            data[name] = sealed.kept
