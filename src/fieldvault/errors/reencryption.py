"""The re-encryption of tables, and the move of columns from other formats."""

from __future__ import annotations

from fieldvault.errors.base import FieldvaultError


class ReencryptionError(FieldvaultError):
    """Base of the errors about re-encrypting tables. Every batch that was committed stays."""


class ReencryptionTakenOver(ReencryptionError):
    """Another run on the same table has begun and goes on from here; this one wrote nothing more."""


class LegacyValueRefused(ReencryptionError):
    """A cell is not of the format that was named, is under another key, or was altered. It stays as it is."""
