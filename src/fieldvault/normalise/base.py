"""What a normaliser is: it makes differently written values of the same thing one byte string, which is then MACed.

Rules of this file:

1. The name carries a version and goes into the index key's derivation (spec index-v1). A released definition never
   changes: a better one gets a new version, and the column is indexed anew.
2. `normalise(normalise(x).decode()) == normalise(x)` for everything that gives text.
3. What cannot be normalised so that a later search, perhaps by a newer Python, finds it again is refused with
   `NotIndexable`, which never holds the value. It is raised outside `except` blocks, so no other error that
   holds the value is its `__context__`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import Enum
from typing import Generic, TypeVar
from unicodedata import category

from fieldvault.core.batch import Packed, as_list
from fieldvault.errors import NotIndexable
from fieldvault.normalise.marks import MAX_MARKS, has_too_many_marks

T = TypeVar("T")


class Normaliser(ABC, Generic[T]):
    """Turns a value into what its blind index is made from. Any thread may use it."""

    name: str
    """`name@version`."""

    @abstractmethod
    def normalise(self, value: T) -> bytes:
        """What is MACed for `value`. Raises `NotIndexable`."""

    def normalise_many(self, values: Sequence[T]) -> list[bytes]:
        """`normalise` for each, in order. Raises the first refusal, without its position."""
        return as_list(self.pack_many(values))

    def pack_many(self, values: Sequence[T]) -> Packed:
        """`normalise_many`, in the form that the core takes fastest."""
        return [self.normalise(value) for value in values]

    def _completed(self, values: Sequence[T], plain: tuple[Packed, list[int]] | None) -> Packed:
        """What the core has normalised, with the positions that it left to us."""
        if plain is None:
            return [self.normalise(value) for value in values]
        normalised, others = plain
        if not others:
            return normalised
        completed = as_list(normalised)
        for at in others:
            completed[at] = self.normalise(values[at])
        return completed

    def normalise_part(self, value: T) -> bytes:
        """What a part of a value is sought as: its beginning, its end, something in it. Raises `NotIndexable`.

        The normal form of a part is a part of the normal form; where only whole values have a normal form, what
        a part has in common with it.
        """
        return self.normalise(value)

    def __repr__(self) -> str:
        return f"<normaliser {self.name}>"


def text_of(value: object, normaliser: str) -> str:
    """`value` as plain str, if it is text whose normal form is the same in every version of Unicode.

    Case folding and normal forms of assigned characters never change (Unicode stability policy), but a code point
    that is unassigned for this Python may be a letter with a lower case for the next. Raises `NotIndexable`.
    """
    if not isinstance(value, str) or isinstance(value, Enum):
        raise NotIndexable(f"{normaliser} indexes str, not {type(value).__name__}")
    text = str.__str__(value)
    if not text.isascii():
        for character in text:
            kind = category(character)
            if kind == "Cs":
                raise NotIndexable("the text has a lone surrogate, which UTF-8 cannot encode")
            if kind == "Cn" and not _is_pictograph(character):
                raise NotIndexable(
                    "the text has a code point that this Python's Unicode does not know",
                    hint="its normal form could change with the next Python; such a value cannot be indexed",
                )
        if has_too_many_marks(text):
            raise NotIndexable(f"the text has more than {MAX_MARKS} combining marks in a row")
    return text


def _is_pictograph(character: str) -> bool:
    # The blocks of emoji and other pictographs grow every year, and none of them folds or decomposes.
    return "\U0001f300" <= character <= "\U0001faff"
