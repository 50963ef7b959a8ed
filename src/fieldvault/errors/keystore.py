"""The key store."""

from __future__ import annotations

from fieldvault.errors.base import FieldvaultError


class KeyStoreError(FieldvaultError):
    """Base of the key store's errors."""


class KeyStoreUnavailable(KeyStoreError):
    """The key store could not be reached or is locked. Never raised for a conflict."""


class KeyStoreConflict(KeyStoreError):
    """Somebody else changed the same keys first. Never raised for an outage; reload and decide again."""


class KeyStoreNotReady(KeyStoreError):
    """The key store's tables do not exist, or are of another version."""
