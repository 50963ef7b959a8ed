"""Pseudonyms: tokens in a domain, for a recipient or a purpose (spec token-v1). Begin with `Domain`."""

from __future__ import annotations

from fieldvault.pseudonyms.card import CardToken, Luhn
from fieldvault.pseudonyms.date_shift import DateShift, NeverZeroDateShift
from fieldvault.pseudonyms.domain import Discarded, Domain
from fieldvault.pseudonyms.format_token import DIGITS, FormatToken
from fieldvault.pseudonyms.link import link
from fieldvault.pseudonyms.lookup import FreshLookupToken, LookupToken
from fieldvault.pseudonyms.one_way import OneWayPseudonym
from fieldvault.pseudonyms.phone import PhoneToken
from fieldvault.pseudonyms.siv import SivToken
from fieldvault.pseudonyms.surrogates import Damaged, Surrogate, Surrogates
from fieldvault.pseudonyms.table_port import SealingKeyRecord, TokenRecord, TokenTable
from fieldvault.pseudonyms.tokeniser import Tokeniser

__all__ = [
    "DIGITS",
    "CardToken",
    "Damaged",
    "DateShift",
    "Discarded",
    "Domain",
    "FormatToken",
    "FreshLookupToken",
    "LookupToken",
    "Luhn",
    "NeverZeroDateShift",
    "OneWayPseudonym",
    "PhoneToken",
    "SealingKeyRecord",
    "SivToken",
    "Surrogate",
    "Surrogates",
    "TokenRecord",
    "TokenTable",
    "Tokeniser",
    "link",
]
