"""The exact blind index: find rows by equality of a sealed field (spec index-v1)."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fieldvault.core.context import encode_name
from fieldvault.core.derive import IndexPlace
from fieldvault.errors import NotIndexable
from fieldvault.normalise import Normaliser
from fieldvault.tokens.base import BlindIndex, Slot


@dataclass(frozen=True, slots=True)
class ExactIndex(BlindIndex):
    """A one-way, keyed value of a field: equal fields have equal values, within one tenant and field.

    `normaliser` says which spellings count as equal. `bits` (8 to 256) is how much of the MAC is kept: fewer bits
    make unequal values collide on purpose. `name` tells the indexes of a field apart. All three are part of the
    key: changing one makes a new index. `column` is where its values go, by default `<field>_<name>`.

    `unique` adds the column `<column>_next`; with UNIQUE on both, a duplicate is refused also while the index key
    is rotated. It needs 64 bits or more.

    `shared` names the derivation instead of schema, field and name: indexes that share a name, a normaliser and
    bits have equal values for equal fields, so their tables join, within one tenant. Whoever sees both columns can
    join them too.

    `few_values` accepts an index on a bool, or an Enum of fewer than 16 members, which shows the whole column.

    Whoever sees the column sees which rows share a value, and how often: docs/guide/what-leaks.md.
    """

    normaliser: Normaliser[Any]
    bits: int = 128
    name: str = "index"
    column: str | None = None
    unique: bool = False
    shared: str | None = None
    few_values: bool = False

    def __post_init__(self) -> None:
        self._check()
        if self.shared is not None:
            encode_name(self.shared, "shared index's name")

    @property
    def is_unique(self) -> bool:
        return self.unique

    def slots(self, schema: str, field: str) -> tuple[Slot, ...]:
        column, normaliser = self._stem(field), self.normaliser.name
        following = f"{column}_next" if self.unique else None
        place = (
            IndexPlace(schema, field, self.name, normaliser, self.bits)
            if self.shared is None
            else IndexPlace("", "", "", normaliser, self.bits, domain=self.shared)
        )
        return (Slot(column, place, following),)

    def normalise_many(self, values: Sequence[Any]) -> Sequence[bytes]:
        return self.normaliser.pack_many(values)

    def query(self, slots: Sequence[Slot], value: Any) -> tuple[Slot, list[bytes]]:
        return slots[0], [self.normaliser.normalise(value)]

    def same(self, wanted: Any, opened: Any) -> bool:
        try:
            return hmac.compare_digest(self.normaliser.normalise(wanted), self.normaliser.normalise(opened))
        except NotIndexable:
            return False
