"""The KEK: Vault, OpenBao, a local file."""

from __future__ import annotations

from fieldvault.errors.base import FieldvaultError


class KekError(FieldvaultError):
    """The KEK could not be used. What was sealed is intact; try again or repair the KEK's side."""


class KekUnavailable(KekError):
    """Sealed, unreachable, overloaded or failing over; retries within the time budget did not help."""


class KekDenied(KekError):
    """Login failed, the token expired and could not be renewed, or the policy forbids the call."""


class KekMisconfigured(KekError):
    """The KEK does not exist, is of the wrong kind, or its file or settings are malformed."""
