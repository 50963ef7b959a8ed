"""Protected values, and who may see them."""

from __future__ import annotations

from fieldvault.errors.base import FieldvaultError


class AccessError(FieldvaultError):
    """A protected value was not revealed."""


class RevealRefused(AccessError):
    """The policy refuses this caller, or the caller works for another tenant. The refusal is in the audit log."""


class ReasonRefused(AccessError):
    """No reason was given, or one that an audit log cannot keep: 1 to 500 characters on one line."""


class ProtectedMisused(AccessError):
    """A protected value was compared, tested, sealed elsewhere or pickled as if it were the value."""
