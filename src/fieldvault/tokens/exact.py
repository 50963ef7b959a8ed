"""The exact blind index: find rows by equality of a sealed field (spec index-v1)."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fieldvault.core import batch
from fieldvault.core.context import encode_name
from fieldvault.core.index import check_bits
from fieldvault.errors import NotIndexable
from fieldvault.keyring import DataKey
from fieldvault.normalise import Normaliser


@dataclass(frozen=True, slots=True)
class ExactIndex:
    """A one-way, keyed value of a field: equal fields have equal values, within one tenant and field.

    `normaliser` says which spellings count as equal. `bits` (8 to 256) is how much of the MAC is kept: fewer bits
    make unequal values collide on purpose. `name` tells the indexes of a field apart. All three are part of the
    key: changing one makes a new index. `column` is where its values go, by default `<field>_<name>`.

    Whoever sees the column sees which rows share a value, and how often: docs/guide/what-leaks.md.
    """

    normaliser: Normaliser[Any]
    bits: int = 128
    name: str = "index"
    column: str | None = None

    def __post_init__(self) -> None:
        check_bits(self.bits)
        encode_name(self.name, "index name")

    def values_under(self, key: DataKey, schema: str, field: str, normalised: Sequence[bytes]) -> list[bytes]:
        """Index values under one index data key, in order."""
        index_key = key.index_key(
            schema=schema, field=field, index=self.name, normaliser=self.normaliser.name, bits=self.bits
        )
        return batch.index_many(index_key, normalised)

    def same(self, one: Any, other: Any) -> bool:
        """Whether two opened values count as equal. A value that cannot be normalised equals nothing."""
        try:
            return hmac.compare_digest(self.normaliser.normalise(one), self.normaliser.normalise(other))
        except NotIndexable:
            return False
