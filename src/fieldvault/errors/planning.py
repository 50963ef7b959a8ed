"""Planning a blind index."""

from __future__ import annotations

from fieldvault.errors.base import FieldvaultError


class PlanRefused(FieldvaultError):
    """No number of bits makes an index of this field safe, or its risk was not accepted."""
