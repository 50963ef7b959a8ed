"""The audit log."""

from __future__ import annotations

from fieldvault.errors.base import FieldvaultError


class AuditError(FieldvaultError):
    """An event could not be recorded, so what it would have accounted for was not done."""
