"""What every kind of blind index has: columns, the keys that these are derived under, and how values compare.

Rules of this file:

1. A kind turns an opened value into one byte string (`normalise_many`), and that into what is MACed for each of its
   columns (`Slot.messages`). Only the MACs leave.
2. What the kind is made with (lengths, bits, normaliser) is part of its keys (spec index-kinds-v1 §2), so nothing
   that was made in another way is ever found by chance.
3. A look-up may find more than was asked for, never less. What it finds is compared once it is open (`same`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fieldvault.core import batch
from fieldvault.core.context import encode_name
from fieldvault.core.derive import IndexPlace
from fieldvault.core.envelope import INDEX_PREFIX, to_text
from fieldvault.core.index import check_bits
from fieldvault.errors import NotIndexable, SchemaError
from fieldvault.keyring import DataKey
from fieldvault.normalise import Normaliser, OrAsText

MIN_UNIQUE_BITS = 64
"""Of 2^32 rows, two strangers share 64 bits with probability one half: refused rather than risked below."""

MAX_TOKENS = 10_000
"""Of one value: a token set is written into one cell."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One column of index values.

    `following` is the second column of a unique index (spec index-rotation-v1 §3). `pick` is what of a normalised
    value is MACed, None where that has nothing to find; without it, all of it is. `split` makes the column one of
    token sets: the parts that are MACed.
    """

    column: str
    place: IndexPlace
    following: str | None = None
    pick: Callable[[bytes], bytes | None] | None = None
    split: Callable[[bytes], list[bytes]] | None = None

    def values_under(self, key: DataKey, normalised: Sequence[bytes]) -> list[bytes | None]:
        """Index values of a column of single ones under one data key, in order."""
        if self.pick is None:
            return self.macs_under(key, normalised)  # type: ignore[return-value]
        picked = [self.pick(one) for one in normalised]
        values = iter(self.macs_under(key, [one for one in picked if one is not None]))
        return [None if one is None else next(values) for one in picked]

    def sets_under(self, key: DataKey, normalised: Sequence[bytes]) -> list[str | None]:
        """The cells of a column of token sets under one data key, in order (spec index-kinds-v1 §4)."""
        split = self.split or (lambda one: [one])
        parts = [split(one) for one in normalised]
        tokens = iter(self.tokens_under(key, [part for one in parts for part in one]))
        return [token_set([next(tokens) for _ in one]) for one in parts]

    def macs_under(self, key: DataKey, parts: Sequence[bytes]) -> list[bytes]:
        """An index value for each of what is MACed."""
        return batch.index_many(key.index_key(self.place), parts)

    def tokens_under(self, key: DataKey, parts: Sequence[bytes]) -> list[str]:
        """A token, in text form, for each of what is MACed."""
        return [to_text(INDEX_PREFIX, one) for one in self.macs_under(key, parts)]


class BlindIndex(ABC):
    """A kind of blind index, declared on a field or, for several fields together, on the schema."""

    __slots__ = ()

    name: str
    bits: int
    column: str | None

    few_values: bool = False
    """Whether it is accepted that a field of fewer than 16 possible values is readable by its index."""

    @property
    def is_unique(self) -> bool:
        """Whether no two rows may have the same value."""
        return False

    @property
    def is_set(self) -> bool:
        """Whether its column holds sets of tokens, as text."""
        return False

    @abstractmethod
    def slots(self, schema: str, field: str) -> tuple[Slot, ...]:
        """Its columns, for a field of a schema."""

    @abstractmethod
    def normalise_many(self, values: Sequence[Any]) -> Sequence[bytes]:
        """What opened values are indexed by, in order. Raises the first refusal, `NotIndexable`."""

    @abstractmethod
    def query(self, slots: Sequence[Slot], value: Any) -> tuple[Slot, list[bytes]]:
        """The column to look in, and what is MACed: one part, or all that a set must have.

        Raises `NotIndexable`.
        """

    @abstractmethod
    def same(self, wanted: Any, opened: Any) -> bool:
        """Whether an opened value is what was looked for. One that cannot be normalised is nothing's."""

    def _check(self) -> None:
        check_bits(self.bits)
        encode_name(self.name, "index name")
        if self.is_unique and self.bits < MIN_UNIQUE_BITS:
            raise SchemaError(
                f"a unique index of {self.bits} bits would refuse strangers whose values collide",
                hint=f"keep at least {MIN_UNIQUE_BITS} bits, or drop unique",
            )

    def _check_partial(self, normaliser: Normaliser[Any]) -> None:
        if isinstance(normaliser, OrAsText):
            # A part is read as that of a readable value, and would never be found in a value that is plain text.
            raise SchemaError(
                f"the index {self.name} finds parts, and {normaliser.name} keeps some values in another form",
                hint="give that normaliser to an ExactIndex, and this one the normaliser alone, or TEXT",
            )

    def _stem(self, field: str) -> str:
        return self.column or f"{field}_{self.name}"


def token_set(tokens: Sequence[str]) -> str | None:
    """A cell of a column of token sets: distinct tokens, sorted, with one space between; None for no token."""
    return " ".join(sorted(set(tokens))) or None


def refuse_too_many(tokens: Sequence[bytes], what: str) -> None:
    """Raises `NotIndexable` for more than one cell should hold."""
    if len(tokens) > MAX_TOKENS:
        raise NotIndexable(
            f"the value has more than {MAX_TOKENS:,} {what}",
            hint="index a shorter part of it, in a field of its own",
        )
