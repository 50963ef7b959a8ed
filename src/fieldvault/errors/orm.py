"""Sealed attributes of an ORM's models."""

from __future__ import annotations

from fieldvault.errors.base import FieldvaultError


class OrmError(FieldvaultError):
    """Base of what the parts for ORMs refuse."""


class QueryRefused(OrmError):
    """A query asks of a sealed attribute what the database cannot answer: its order, a part of it, a function."""


class WriteRefused(OrmError):
    """A statement would write a sealed attribute so that it could not be opened or found. Nothing was written."""


class RowIdChanged(WriteRefused):
    """What a row's sealed values are bound to (row id, tenant, subject) was changed. Nothing was written."""


class PendingNotPickled(OrmError):
    """An object with values that are not sealed yet was to be pickled or copied. Flush it first."""
