"""Normalisers, named and versioned: what a blind index is made from (spec index-v1)."""

from fieldvault.normalise.base import Normaliser
from fieldvault.normalise.email import EMAIL
from fieldvault.normalise.exact import Exact
from fieldvault.normalise.phone import Phone
from fieldvault.normalise.registry import normaliser_named
from fieldvault.normalise.text import NAME, TEXT

__all__ = ["EMAIL", "NAME", "TEXT", "Exact", "Normaliser", "Phone", "normaliser_named"]
