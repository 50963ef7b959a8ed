"""A value that could not be sealed."""

from __future__ import annotations

from fieldvault.errors.base import FieldvaultError


class SealError(FieldvaultError):
    """A value could not be sealed; nothing was produced for it."""


class ValueRefused(SealError):
    """The value does not fit the field's declared type, or cannot be encoded so that it comes back equal."""


class NotIndexable(SealError):
    """The value cannot be normalised for its blind index, so a later search could not find it."""


class KeyExhausted(SealError):
    """The data key has reached its limit of encryptions (NIST SP 800-38D §8.3: 2^32 with random nonces)."""
