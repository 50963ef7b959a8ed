"""The compound index: two or more fields together, e.g. a name with a date of birth (spec index-kinds-v1 §3.5)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fieldvault.core.context import canonical
from fieldvault.core.derive import IndexPlace
from fieldvault.errors import NotIndexable, SchemaError
from fieldvault.normalise import Normaliser
from fieldvault.tokens.base import BlindIndex, Slot


@dataclass(frozen=True, slots=True)
class CompoundIndex(BlindIndex):
    """Finds rows by two or more fields at once: `parts` maps each field to its normaliser, in order.

    Declared on the schema: `Schema(…, indexes=[CompoundIndex("person", {"name": NAME, "born": Exact(codec)})])`.
    `name` is also what look-ups ask for, and by default the column is `<name>_index`. A row of which any part is
    None is not indexed. A record that has some of the fields and not all is refused, since its value would be
    stale. `few_values` is as for `ExactIndex`, for fewer than 16 combinations. The column shows which rows agree in
    all parts, and nothing about a single one.
    """

    name: str
    parts: Mapping[str, Normaliser[Any]]
    bits: int = 128
    column: str | None = None
    unique: bool = False
    few_values: bool = False

    def __post_init__(self) -> None:
        self._check()
        object.__setattr__(self, "parts", dict(self.parts))
        if len(self.parts) < 2:
            raise SchemaError(f"the compound index {self.name} needs two fields or more")
        if any("," in name for name in self.parts):
            raise SchemaError(f"the compound index {self.name} has a field with a comma in its name")

    def __hash__(self) -> int:
        return hash((self.name, *self.parts))

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields, in order."""
        return tuple(self.parts)

    @property
    def is_unique(self) -> bool:
        return self.unique

    def slots(self, schema: str, field: str) -> tuple[Slot, ...]:  # noqa: ARG002 - it has fields of its own
        column = self.column or f"{self.name}_index"
        normalisers = ",".join(one.name for one in self.parts.values())
        place = IndexPlace(schema, ",".join(self.fields), self.name, normalisers, self.bits, kind="compound")
        return (Slot(column, place, f"{column}_next" if self.unique else None),)

    def normalise_many(self, values: Sequence[Any]) -> list[bytes]:
        """From tuples of the fields' values, in order."""
        columns = [
            normaliser.normalise_many([value[at] for value in values])
            for at, normaliser in enumerate(self.parts.values())
        ]
        return [canonical(parts) for parts in zip(*columns, strict=True)]

    def query(self, slots: Sequence[Slot], value: Any) -> tuple[Slot, list[bytes]]:
        """`value` maps each field to what is looked for."""
        return slots[0], self.normalise_many([self._parts_of(value)])

    def same(self, wanted: Any, opened: Any) -> bool:
        try:
            one, other = self.normalise_many([self._parts_of(wanted), self._parts_of(opened)])
        except NotIndexable:
            return False
        return hmac.compare_digest(one, other)

    def _parts_of(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, Mapping) or not value.keys() >= self.parts.keys():
            raise SchemaError(f"{self.name} is looked for by a mapping of: {', '.join(self.fields)}")
        return tuple(value[name] for name in self.fields)
