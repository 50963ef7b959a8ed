"""Masks of numbers that people are known by: phone, card, account, date. ASCII digits; other scripts are hidden."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fieldvault.masking.base import HIDDEN, Mask

_PHONE = re.compile(r"\+?[0-9 ()./-]+\Z")
_CARD = re.compile(r"[0-9]{12,19}\Z")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\Z")
_DATE = re.compile(r"([0-9]{4})-[0-9]{2}-[0-9]{2}(?:[T ].*)?\Z")
_GAPS = str.maketrans("", "", " -")


@dataclass(frozen=True, slots=True)
class PhoneMask(Mask):
    """The last digits: `***67`. Numbers of fewer than seven digits are hidden whole. `last` is from 1 to 3."""

    last: int = 2

    def __post_init__(self) -> None:
        if not 1 <= self.last <= 3:
            raise ValueError("last is from 1 to 3")

    def _shown(self, text: str) -> str | None:
        digits = "".join(one for one in text if one.isdecimal())
        return HIDDEN + digits[-self.last :] if len(digits) >= 7 and _PHONE.match(text) else None


@dataclass(frozen=True, slots=True)
class CardMask(Mask):
    """The last four digits of a card number (12 to 19 digits, spaces and hyphens between): `***1111`."""

    def _shown(self, text: str) -> str | None:
        digits = text.translate(_GAPS)
        return HIDDEN + digits[-4:] if _CARD.match(digits) else None


@dataclass(frozen=True, slots=True)
class IbanMask(Mask):
    """The country and the last four characters of an IBAN: `DE***3000`."""

    def _shown(self, text: str) -> str | None:
        compact = text.translate(_GAPS).upper()
        return f"{compact[:2]}{HIDDEN}{compact[-4:]}" if text.isascii() and _IBAN.match(compact) else None


@dataclass(frozen=True, slots=True)
class DateMask(Mask):
    """The year of a date, a time stamp, or an ISO 8601 text of one: `1984-***`."""

    def _shown(self, text: str) -> str | None:
        found = _DATE.match(text)
        return f"{found[1]}-{HIDDEN}" if found else None
