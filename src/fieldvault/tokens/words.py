"""The index of words: find rows by words of a text (spec index-kinds-v1 §3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import category

from fieldvault.core.derive import IndexPlace
from fieldvault.errors import NotIndexable
from fieldvault.normalise import Normaliser
from fieldvault.tokens.base import BlindIndex, Slot, refuse_too_many


@dataclass(frozen=True, slots=True)
class WordIndex(BlindIndex):
    """Finds the rows whose text has all of the words that are looked for, in any order.

    A word is a longest run of letters, marks and digits of the normalised text. The column holds a set of tokens,
    one for each distinct word, as text: `docs/guide/search-an-encrypted-column.md` says how to search it.

    It leaks more than an exact index: which rows share words, how many words each has, and over all rows how often
    each word occurs, which for names and common words tells many of them. Fewer `bits` blur that.
    """

    normaliser: Normaliser[Any]
    bits: int = 128
    name: str = "words"
    column: str | None = None

    def __post_init__(self) -> None:
        self._check()
        self._check_partial(self.normaliser)

    @property
    def is_set(self) -> bool:
        return True

    def slots(self, schema: str, field: str) -> tuple[Slot, ...]:
        place = IndexPlace(schema, field, self.name, self.normaliser.name, self.bits, kind="word")
        return (Slot(self._stem(field), place, split=words_of),)

    def normalise_many(self, values: Sequence[Any]) -> Sequence[bytes]:
        normalised = self.normaliser.normalise_many(values)
        for one in normalised:
            refuse_too_many(words_of(one), "words")
        return normalised

    def query(self, slots: Sequence[Slot], value: Any) -> tuple[Slot, list[bytes]]:
        words = words_of(self.normaliser.normalise(value))
        if not words:
            raise NotIndexable("there is no word to look for", hint="give a letter or a digit at least")
        return slots[0], words

    def same(self, wanted: Any, opened: Any) -> bool:
        try:
            words = set(words_of(self.normaliser.normalise(wanted)))
            return bool(words) and words.issubset(words_of(self.normaliser.normalise(opened)))
        except NotIndexable:
            return False


def words_of(normalised: bytes) -> list[bytes]:
    """The distinct words of a normalised text: runs of general category L, M or N, in the order of their bytes."""
    text = normalised.decode()
    separated = "".join(one if one.isalnum() or category(one)[0] in "LMN" else " " for one in text)
    return sorted({word.encode() for word in separated.split(" ") if word})
