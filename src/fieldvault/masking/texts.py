"""Masks of text: its first or last characters, an e-mail address, a name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fieldvault.masking.base import HIDDEN, LONGEST, Mask
from fieldvault.masking.graphemes import graphemes

_WORDS = 4


@dataclass(frozen=True, slots=True)
class PartialMask(Mask):
    """The first and the last characters: `PartialMask(first=2, last=2)` shows `ab***yz`.

    Text of which that would be more than half is hidden whole. Raises `ValueError` for negative numbers.
    """

    first: int = 0
    last: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.first <= LONGEST and 0 <= self.last <= LONGEST):
            raise ValueError(f"first and last are from 0 to {LONGEST}")

    def _shown(self, text: str) -> str | None:
        return around_hidden(text, self.first, self.last)


@dataclass(frozen=True, slots=True)
class LastMask(Mask):
    """The last characters: `LastMask(4)` shows `***1234`. Text of which that is more than half is hidden whole."""

    last: int = 4

    def __post_init__(self) -> None:
        if not 1 <= self.last <= LONGEST:
            raise ValueError(f"last is from 1 to {LONGEST}")

    def _shown(self, text: str) -> str | None:
        return around_hidden(text, 0, self.last)


class Domain(StrEnum):
    """What an `EmailMask` does with the part behind the @."""

    SHOWN = "shown"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class EmailMask(Mask):
    """The first character and the domain: `a***@example.com`. With `domain="hidden"`: `a***@***`.

    A domain may name a family or an employer by itself; hide it where it does. What is not one @ between two
    parts without spaces is hidden whole.
    """

    domain: Domain | str = Domain.SHOWN

    def __post_init__(self) -> None:
        object.__setattr__(self, "domain", Domain(self.domain))

    def _shown(self, text: str) -> str | None:
        local, at, domain = text.partition("@")
        if not (local and at and domain) or "@" in domain or any(map(str.isspace, text)):
            return None
        begin = around_hidden(local, 1, 0)
        return None if begin is None else f"{begin}@{domain if self.domain is Domain.SHOWN else HIDDEN}"


@dataclass(frozen=True, slots=True)
class NameMask(Mask):
    """The first character of each of the first four words: `A*** S***`. A word of one character is hidden whole."""

    def _shown(self, text: str) -> str | None:
        words = [around_hidden(word, 1, 0) for word in text.split()[:_WORDS]]
        return None if None in words else " ".join(word for word in words if word is not None) or None


def around_hidden(text: str, first: int, last: int) -> str | None:
    """`first` and `last` characters of `text` and `HIDDEN` for the rest; `HIDDEN` alone if that is less than half.

    None for a text whose characters cannot be told apart.
    """
    characters = graphemes(text)
    if characters is None:
        return None
    if 2 * (first + last) > len(characters):
        return HIDDEN
    return "".join(characters[:first]) + HIDDEN + "".join(characters[len(characters) - last :])
