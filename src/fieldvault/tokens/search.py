"""What a look-up looks for, and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fieldvault.core.envelope import INDEX_PREFIX, from_text, to_text


@dataclass(frozen=True, slots=True)
class Search:
    """`column` is where to look. A row is found by any of `alternatives`: one for each index key that is asked.

    An alternative has one value, which is what the column holds; or, where `is_set`, values of which the column's
    token set holds each (spec index-kinds-v1 §4). No alternative at all: nothing was ever indexed.
    """

    column: str
    is_set: bool
    alternatives: Sequence[Sequence[Any]] = field(repr=False)

    @property
    def values(self) -> list[Any]:
        """For `column IN (these)`, where the column holds single values."""
        return [one for alternative in self.alternatives for one in alternative]

    def found_in(self, cell: object) -> bool:
        """Whether a cell of the column, in either form, is found. What is found is to be opened and confirmed."""
        return self.finder()(cell)

    def finder(self) -> Callable[[object], bool]:
        """`found_in` for many cells."""
        if self.is_set:
            alternatives = [frozenset(one) for one in self.alternatives]
            return lambda cell: (
                isinstance(cell, str) and any(map(frozenset(cell.split(" ")).issuperset, alternatives))
            )
        given = [one if isinstance(one, bytes) else from_text(INDEX_PREFIX, one) for one in self.values]
        # The column may be in either form, whichever the searcher would write.
        return frozenset([*given, *(to_text(INDEX_PREFIX, one) for one in given)]).__contains__
