"""Which encrypted field a path of names ends at: `email`, `customer__email`."""

from __future__ import annotations

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from fieldvault.contrib.django.fields.base import EncryptedField


def encrypted_field_at(model: type[models.Model], path: str) -> EncryptedField | None:
    """None where the path ends elsewhere, or nowhere."""
    *relations, last = path.split("__")
    try:
        for name in relations:
            related = model._meta.get_field(name).related_model
            if not isinstance(related, type):
                return None
            model = related
        field = model._meta.get_field(last)
    except FieldDoesNotExist:
        return None
    return field if isinstance(field, EncryptedField) else None
