"""Searchable stand-ins for sealed values: so far the exact blind index."""

from fieldvault.tokens.exact import ExactIndex

__all__ = ["ExactIndex"]
