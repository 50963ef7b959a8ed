"""The index of n-grams: find rows by any part of a text, at a price (spec index-kinds-v1 §3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from fieldvault.core.derive import IndexPlace
from fieldvault.errors import NotIndexable, SchemaError
from fieldvault.normalise import Normaliser
from fieldvault.tokens.base import BlindIndex, Slot, refuse_too_many

MIN_SIZE, MAX_SIZE = 2, 16


@dataclass(frozen=True, slots=True)
class LeakyNgramIndex(BlindIndex):
    """Finds the rows whose text contains what is looked for, anywhere. Think twice before you declare it.

    **It leaks most of the text to whoever sees the column.** Each run of `size` characters has a token, so the
    column shows which rows share which parts. With the frequencies of letters in any language, or a handful of
    known rows, whole names have been recovered from such indexes. Use it where a reader of the column may guess the
    values anyway; else use `WordIndex` or `PrefixIndex`.

    Fewer `bits` make more runs share a token, which blurs that, and finds more rows that are then left out by
    `confirm`; hence 16 by default.
    """

    normaliser: Normaliser[Any]
    size: int = 3
    bits: int = 16
    name: str = "ngrams"
    column: str | None = None

    def __post_init__(self) -> None:
        self._check()
        self._check_partial(self.normaliser)
        if not MIN_SIZE <= self.size <= MAX_SIZE:
            raise SchemaError(f"an n-gram has {MIN_SIZE} to {MAX_SIZE} characters, not {self.size}")

    @property
    def is_set(self) -> bool:
        return True

    def slots(self, schema: str, field: str) -> tuple[Slot, ...]:
        place = IndexPlace(schema, field, self.name, self.normaliser.name, self.bits, kind=f"ngram-{self.size}")
        return (Slot(self._stem(field), place, split=partial(ngrams_of, size=self.size)),)

    def normalise_many(self, values: Sequence[Any]) -> Sequence[bytes]:
        normalised = self.normaliser.normalise_many(values)
        for one in normalised:
            refuse_too_many(ngrams_of(one, self.size), "different parts")
        return normalised

    def query(self, slots: Sequence[Slot], value: Any) -> tuple[Slot, list[bytes]]:
        parts = ngrams_of(self.normaliser.normalise_part(value), self.size)
        if not parts:
            raise NotIndexable(f"what is looked for is shorter than {self.size} characters")
        return slots[0], parts

    def same(self, wanted: Any, opened: Any) -> bool:
        try:
            part, whole = self.normaliser.normalise_part(wanted), self.normaliser.normalise(opened)
        except NotIndexable:
            return False
        return bool(part) and part in whole  # UTF-8: no character's bytes are found inside another's


def ngrams_of(normalised: bytes, size: int) -> list[bytes]:
    """The distinct runs of `size` code points, in the order of their bytes; none of a shorter text."""
    text = normalised.decode()
    return sorted({text[at : at + size].encode() for at in range(len(text) - size + 1)})
