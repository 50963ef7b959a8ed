"""Tokens, pseudonyms and their domains."""

from __future__ import annotations

from typing import ClassVar

from fieldvault.errors.base import FieldvaultError, Stage


class TokenError(FieldvaultError):
    """Base of the errors of tokens and domains. `stage` says where a token was refused, None where none was."""

    stage: ClassVar[Stage | None] = None


class TokenMalformed(TokenError):
    """Not a token of the declared kind: another form, cut off, or not canonical."""

    stage = Stage.PARSE


class TokenVersionUnknown(TokenError):
    """The domain has no key of the token's version: mostly another domain's token."""

    stage = Stage.KEY


class TokenRefused(TokenError):
    """The token was made in another domain, for another tenant or under another name; or it was altered."""

    stage = Stage.AUTHENTICATE


class TokenNotFound(TokenError):
    """The token table has no such token in this domain."""

    stage = Stage.KEY


class TokenVersionUnclear(TokenError):
    """The domain was rotated, and this kind of token does not say under which key it was made."""


class NotReversible(TokenError):
    """A one-way pseudonym, or what was declared to be left out, was to be reversed."""


class FormatTooSmall(TokenError):
    """Too few characters to replace: under 10^6 possible tokens, format-preserving encryption can be searched."""


class DomainUnknown(TokenError):
    """The domain was never made. A name that is only misspelt makes no new domain."""


class DomainDiscarded(TokenError):
    """The domain's keys were destroyed: its pseudonyms are anonymous, to us too."""


class NotAccountable(TokenError):
    """No reason, or no audit log: nothing is revealed, linked or destroyed without an account of it."""


class TokenTableError(TokenError):
    """The token table could not be used, or has a malformed row. Nothing was changed."""


class TokenTableUnavailable(TokenTableError):
    """The token table's database could not be reached, is locked, or lacks the table."""
