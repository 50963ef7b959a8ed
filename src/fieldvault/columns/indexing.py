"""Index values of a batch: from cells to what is MACed, and to the columns that the phase of the keys asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fieldvault.columns.column import Column
from fieldvault.columns.form import Form
from fieldvault.errors import SchemaError
from fieldvault.keyring import DataKey, IndexKeys
from fieldvault.schema import DeclaredIndex
from fieldvault.tokens import BlindIndex, Search, Slot


def cells_of(declared: DeclaredIndex, records: Sequence[Mapping[str, Any]]) -> tuple[Sequence[Any], list[int]]:
    """What a compound index is made from, None where a part is None; and which records lack a part of it."""
    cells: list[Any] = []
    incomplete: list[int] = []
    for at, record in enumerate(records):
        parts = tuple(record.get(name) for name in declared.fields)
        cells.append(None if None in parts else parts)
        present = sum(name in record for name in declared.fields)
        if 0 < present < len(parts):
            incomplete.append(at)
    return cells, incomplete


def incomplete_parts(declared: DeclaredIndex) -> SchemaError:
    """Why a record that has some of the parts is refused."""
    return SchemaError(
        f"the index {declared.owner} is made from {', '.join(declared.fields)}, and the record lacks some of them",
        hint="seal them together, or the index value would be stale",
    )


def several_columns(declared: DeclaredIndex) -> SchemaError:
    """Why `index_column` does not do for an index of several columns: one of them would be left behind."""
    return SchemaError(
        f"the index {declared.index.name} of {declared.owner} is written to {', '.join(declared.columns)}",
        hint="store all that index_columns(…) gives",
    )


def normalise(index: BlindIndex, values: Sequence[Any]) -> Column:
    """What the index is made from; None has no index value."""
    column = Column(values)
    column.step(index.normalise_many)
    return column


def written(
    declared: DeclaredIndex, normalised: Column, keys: IndexKeys | None, form: Form
) -> dict[str, list[Any]]:
    """Every column of the index, with None where the phase writes nothing (spec index-rotation-v1 §3).

    `keys` is None only where there is nothing to index.
    """
    cells: dict[str, list[Any]] = {}
    for slot in declared.slots:
        cells[slot.column] = _cells(slot, normalised, None if keys is None else keys.main, form)
        if slot.following is not None:
            cells[slot.following] = _cells(slot, normalised, None if keys is None else keys.following, form)
    return cells


def search(declared: DeclaredIndex, value: Any, keys: IndexKeys | None, form: Form) -> Search:
    """Where to look, and for what under each key that is asked. Raises `NotIndexable`."""
    slot, parts = declared.index.query(declared.slots, value)
    asked = () if keys is None else keys.asked
    if slot.split is not None:
        alternatives = [slot.tokens_under(key, parts) for key in asked]
    else:
        alternatives = [list(form.index_values(slot.macs_under(key, parts))) for key in asked]
    return Search(slot.column, slot.split is not None, alternatives)


def _cells(slot: Slot, normalised: Column, key: DataKey | None, form: Form) -> list[Any]:
    if key is None or not normalised.values:
        return [None] * normalised.size
    if slot.split is not None:
        return normalised.spread_of(slot.sets_under(key, normalised.values))
    values = slot.values_under(key, normalised.values)
    if slot.pick is None:
        return normalised.spread_of(form.index_values(values))  # type: ignore[arg-type]
    return normalised.spread_of([None if one is None else form.index_values([one])[0] for one in values])
