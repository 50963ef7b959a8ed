"""Card numbers: digits in the same places, a check digit right or wrong on purpose (spec token-v1 §7)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from fieldvault.errors import SchemaError, TokenMalformed, ValueRefused
from fieldvault.pseudonyms.ff1 import Ff1Key, require_size
from fieldvault.pseudonyms.format_token import DIGITS, FormatPreserving, Numerals, check_kept, numerals_of, split
from fieldvault.pseudonyms.tokeniser import check_declaration

MIN_DIGITS, MAX_DIGITS = 12, 19
_CARD = re.compile(r"[0-9 -]*\Z")
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""The digit sum of twice each digit. All ten differ, so one digit of a number can always be solved for."""
_MEMBERS = frozenset(DIGITS)


class Luhn(StrEnum):
    """What a token's check digit is."""

    VALID = "valid"
    """Right: systems that check it accept the token. It may by chance be somebody's real number."""
    INVALID = "invalid"
    """Wrong: no system that checks it takes the token for a card. It is never anybody's number."""


@dataclass(frozen=True)
class CardToken(FormatPreserving):
    """A card number's token, with its spaces and hyphens. `keep_last=4` keeps the last four, `keep_first` the
    issuer.

    One digit more than what is kept is not free, since the check digit follows from the others: of 16 digits with
    the last four kept there are 10^11 tokens; with the first six as well 10^5, which is refused. Needs the extra
    `tokens`.
    """

    name: str
    luhn: Luhn
    keep_first: int = 0
    keep_last: int = 0
    version: int = 1
    kind: ClassVar[str] = "ff1-card"

    def __post_init__(self) -> None:
        check_declaration(self.name, self.version)
        check_kept(self.name, self.keep_first, self.keep_last)
        if not isinstance(self.luhn, Luhn):
            raise SchemaError(f"{self.name}: luhn is Luhn.VALID or Luhn.INVALID")

    def parameters(self) -> Sequence[bytes]:
        first, last = self.keep_first.to_bytes(2, "big"), self.keep_last.to_bytes(2, "big")
        return [self.luhn.value.encode(), first, last]

    def check_one(self, text: str) -> None:
        self._card_parts(text)

    def check_token(self, token: str) -> None:
        self._token_parts(token)

    def tokenise_one(self, key: Ff1Key, text: str) -> str:
        numerals, first, middle, last = self._card_parts(text)
        replaced = key.encrypt_deterministically(DIGITS, middle, [first, last])
        free = self._free_of_token(first + replaced, last)
        return numerals.with_numerals(first + replaced + free + last)

    def detokenise_one(self, key: Ff1Key, token: str) -> str:
        numerals, first, middle, last = self._token_parts(token)
        replaced = key.decrypt(DIGITS, middle, [first, last])
        return numerals.with_numerals(first + replaced + solve(first + replaced, last) + last)

    def _card_parts(self, text: str) -> tuple[Numerals, str, str, str]:
        parts = self._parts(text)
        if luhn_sum(parts[0].text) % 10:
            raise ValueRefused("the check digit is wrong, so this is no card number", hint="mistyped?")
        return parts

    def _token_parts(self, token: str) -> tuple[Numerals, str, str, str]:
        numerals, first, middle, last = parts = self._parts(token)
        if numerals.text != first + middle + self._free_of_token(first + middle, last) + last:
            raise TokenMalformed(f"the check digit is not {self.luhn} as a token's is", hint="altered, or no token")
        return parts

    def _parts(self, text: str) -> tuple[Numerals, str, str, str]:
        """The numerals, and of them the kept first ones, those to replace, and the kept last ones; the free digit
        stands before these."""
        if not _CARD.match(text):
            raise ValueRefused("a card number has digits, spaces and hyphens only")
        numerals = numerals_of(text, _MEMBERS)
        if not MIN_DIGITS <= len(numerals.text) <= MAX_DIGITS:
            raise ValueRefused(f"a card number has {MIN_DIGITS} to {MAX_DIGITS} digits, not {len(numerals.text)}")
        first, middle, last = split(numerals.text, self.keep_first, self.keep_last)
        require_size(10, len(middle) - 1)
        return numerals, first, middle[:-1], last

    def _free_of_token(self, before: str, after: str) -> str:
        right = int(solve(before, after))
        return str(right if self.luhn is Luhn.VALID else (right + 1) % 10)


def luhn_sum(digits: str) -> int:
    """The sum of ISO/IEC 7812-1, which ends in 0 for a valid number."""
    backwards = [int(digit) for digit in reversed(digits)]
    return sum(backwards[::2]) + sum(_DOUBLED[digit] for digit in backwards[1::2])


def solve(before: str, after: str) -> str:
    """The one digit between these that makes the whole valid."""
    missing = -luhn_sum(before + "0" + after) % 10
    return str(_DOUBLED.index(missing) if len(after) % 2 else missing)
