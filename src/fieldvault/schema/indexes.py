"""The blind indexes of a schema, with the columns that they are written to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fieldvault.errors import SchemaError
from fieldvault.schema.few_values import refuse_few_values
from fieldvault.schema.fields import SealedField
from fieldvault.tokens import BlindIndex, CompoundIndex, Slot


@dataclass(frozen=True, slots=True)
class DeclaredIndex:
    """An index where it is declared: `owner` is its field, or the compound index itself; `fields` is what it is
    made from."""

    owner: str
    fields: tuple[str, ...]
    index: BlindIndex
    slots: tuple[Slot, ...]

    @property
    def main_columns(self) -> tuple[str, ...]:
        """Those that look-ups ask."""
        return tuple(slot.column for slot in self.slots)

    @property
    def columns(self) -> tuple[str, ...]:
        """All that are written."""
        return tuple(
            column for slot in self.slots for column in (slot.column, slot.following) if column is not None
        )

    def value_in(self, record: Mapping[str, Any]) -> Any:
        """What an opened record has for it: the field's value, or a mapping of several fields'."""
        if len(self.fields) == 1:
            return record.get(self.owner)
        return {name: record.get(name) for name in self.fields}


def declared_indexes(
    schema: str, fields: Iterable[SealedField], compounds: Sequence[CompoundIndex]
) -> tuple[DeclaredIndex, ...]:
    """Every index of a schema. Raises `SchemaError` for a compound index of a field that is not there."""
    fields = tuple(fields)
    found = [
        DeclaredIndex(field.name, (field.name,), index, index.slots(schema, field.name))
        for field in fields
        for index in field.indexes
    ]
    sealed = {field.name: field for field in fields}
    for compound in compounds:
        for name in compound.fields:
            if name not in sealed:
                raise SchemaError(f"{schema}: the index {compound.name} is made from {name}, which is not sealed")
            if sealed[name].seal_null:
                raise SchemaError(f"{schema}: {name} seals its nulls; the index {compound.name} would show them")
        refuse_few_values(compound.name, [sealed[name].codec for name in compound.fields], compound)
        if compound.name in sealed:
            raise SchemaError(f"{schema}: a field and a compound index are called {compound.name}")
        found.append(DeclaredIndex(compound.name, compound.fields, compound, compound.slots(schema, compound.name)))
    return tuple(found)


def find_index(indexes: Sequence[DeclaredIndex], owner: str, name: str | None) -> DeclaredIndex:
    """The index of that name of a field, or its only one. Raises `SchemaError` with what there is."""
    of_owner = [one for one in indexes if one.owner == owner]
    named = [one for one in of_owner if name in (None, one.index.name)]
    if len(named) == 1:
        return named[0]
    if not of_owner:
        raise SchemaError(f"{owner} has no blind index", hint="declare SealedField(…, index=ExactIndex(…))")
    names = ", ".join(one.index.name for one in of_owner)
    raise SchemaError(f"{owner}: say which index", hint=f"one of: {names}")
