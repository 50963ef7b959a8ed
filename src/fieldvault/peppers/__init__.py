"""Peppers for `fieldvault.passwords`: what a thief of the password table lacks.

`TransitPepper` keys the hash itself, in Vault. `SealedPhc` encrypts the stored string under a data key, so that the
pepper can be changed without a login. docs/spec/password-v1.md §7 compares them.
"""

from fieldvault.peppers.sealed import SealedPhc
from fieldvault.peppers.transit import TransitPepper

__all__ = ["SealedPhc", "TransitPepper"]
