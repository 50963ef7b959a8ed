"""Normalisers, named and versioned: what a blind index is made from (spec index-v1)."""

from fieldvault.normalise.base import Normaliser
from fieldvault.normalise.codes import IDENTIFIER, POSTCODE
from fieldvault.normalise.email import EMAIL
from fieldvault.normalise.email_variants import EMAIL_UNDOTTED, EMAIL_UNTAGGED
from fieldvault.normalise.exact import Exact
from fieldvault.normalise.fallback import OrAsText
from fieldvault.normalise.names import NAME_LATIN, NAME_UNACCENTED
from fieldvault.normalise.phone import Phone
from fieldvault.normalise.registry import normaliser_named
from fieldvault.normalise.text import NAME, TEXT

__all__ = [
    "EMAIL",
    "EMAIL_UNDOTTED",
    "EMAIL_UNTAGGED",
    "IDENTIFIER",
    "NAME",
    "NAME_LATIN",
    "NAME_UNACCENTED",
    "POSTCODE",
    "TEXT",
    "Exact",
    "Normaliser",
    "OrAsText",
    "Phone",
    "normaliser_named",
]
