"""Steps that are loops over Python objects elsewhere: records to columns and back, and plain text normalised.

Each gives None, or names positions, where it meets what it does not know; the caller's own way then says the rest.
A property test holds each against that way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import fieldvault_native as extension

from fieldvault.core._pure_packing import Packed
from fieldvault.core._pure_shortcuts import Gathered


def types_of(values: Sequence[object]) -> set[type]:
    """The types of the values."""
    return extension.types_of(values) if type(values) is list else set(map(type, values))


def gather(records: Sequence[Any], wanted: Sequence[str], others: Sequence[str]) -> Gathered | None:
    """The cells of `wanted` by name, None where a record lacks one, and which of all names some record has.

    None unless the records are dicts that have none but these names.
    """
    gathered = extension.gather(records, wanted, others) if type(records) is list else None
    if gathered is None:
        return None
    columns, names = gathered
    return dict(zip(wanted, columns, strict=True)), names


def with_cells(
    records: Sequence[Any], cells: Mapping[str, tuple[str, list[Any]]], dropped: Sequence[str]
) -> list[dict[str, Any]] | None:
    """Copies of the records, each with `cells` (by name: source and column) where it has the source, without
    `dropped`. None unless the records are dicts.
    """
    if type(records) is not list:
        return None
    return extension.with_cells(records, [(name, *cell) for name, cell in cells.items()], dropped)


def plain_emails(values: Sequence[Any]) -> tuple[Packed, list[int]] | None:
    """`email@1` where it is plain, and the positions where it is not."""
    return extension.plain_emails(values) if type(values) is list else None


def plain_names(values: Sequence[Any]) -> tuple[Packed, list[int]] | None:
    """`name@1` where it is plain, and the positions where it is not."""
    return extension.plain_names(values) if type(values) is list else None


def plain_texts(values: Sequence[Any]) -> tuple[Packed, list[int]] | None:
    """`text@1` where it is plain, and the positions where it is not."""
    return extension.plain_texts(values) if type(values) is list else None
