"""Telephone numbers: country code and punctuation stay, the other digits are replaced (spec token-v1 §8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import ClassVar
from unicodedata import category

from fieldvault.errors import MissingExtra, SchemaError, ValueRefused
from fieldvault.normalise import Phone
from fieldvault.pseudonyms.ff1 import Ff1Key, require_size
from fieldvault.pseudonyms.format_token import (
    DIGITS,
    FormatPreserving,
    Numerals,
    normalised_texts,
    numerals_of,
    split,
)
from fieldvault.pseudonyms.inputs import Inputs
from fieldvault.pseudonyms.tokeniser import check_declaration

_MEMBERS = frozenset(DIGITS)


@dataclass(frozen=True)
class PhoneToken(FormatPreserving):
    """A telephone number's token: `+962 79 123 4567` becomes another number of the same country and form.

    The token may by chance be somebody's number: it is for systems that want a number's form, not for dialling. A
    number without `+` keeps nothing. Written in two ways, a number has two tokens, but with the normaliser
    `Phone(region)`, which brings all to `+…`. An unknown country code is refused. Needs the extras `tokens` and
    `search`.
    """

    name: str
    normaliser: Phone | None = None
    version: int = 1
    inputs: Inputs = field(init=False, repr=False, compare=False)
    kind: ClassVar[str] = "ff1-phone"

    def __post_init__(self) -> None:
        check_declaration(self.name, self.version)
        if not isinstance(self.normaliser, Phone | None):
            # What another one leaves in the text, words of it even, would stay readable.
            raise SchemaError(
                f"{self.name}: {self.normaliser.name} does not give telephone numbers", hint="Phone(region)"
            )
        object.__setattr__(self, "inputs", Inputs(str, self.normaliser))

    def parameters(self) -> Sequence[bytes]:
        return [self.inputs.parameter]

    def normalised(self, texts: Sequence[str]) -> Sequence[str]:
        return normalised_texts(self.normaliser, texts)

    def check_one(self, text: str) -> None:
        self._parts(text)

    def tokenise_one(self, key: Ff1Key, text: str) -> str:
        numerals, country, rest = self._parts(text)
        return numerals.with_numerals(country + key.encrypt_deterministically(DIGITS, rest, [country, ""]))

    def detokenise_one(self, key: Ff1Key, token: str) -> str:
        numerals, country, rest = self._parts(token)
        return numerals.with_numerals(country + key.decrypt(DIGITS, rest, [country, ""]))

    def _parts(self, text: str) -> tuple[Numerals, str, str]:
        numerals = numerals_of(text, _MEMBERS)
        if self.normaliser is None and any(category(character)[0] == "L" for character in text):
            raise ValueRefused("letters in a telephone number would stay readable", hint="write it in digits")
        kept = _country_code_length(numerals.text) if text.lstrip()[:1] == "+" else 0
        country, rest, _ = split(numerals.text, kept, 0)
        require_size(10, len(rest))
        return numerals, country, rest


def _country_code_length(digits: str) -> int:
    known = _country_codes()
    for length in (1, 2, 3):  # no code is the beginning of another
        if digits[:length] in known:
            return length
    raise ValueRefused("the country code behind the + is not known", hint="a national number has no +")


@cache
def _country_codes() -> frozenset[str]:
    try:
        import phonenumbers
    except ImportError:
        raise MissingExtra("tokens of telephone numbers", extra="search") from None
    return frozenset(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
