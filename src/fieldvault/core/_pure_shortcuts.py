"""What only the native core has a shorter way for. Here each says so, and the caller goes its own way.

The signatures, and what they promise, are the twin's in `_native_shortcuts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fieldvault.core._pure_packing import Packed

Gathered = tuple[dict[str, list[Any]], set[str]]


def types_of(values: Sequence[object]) -> set[type]:
    """The types of the values."""
    return set(map(type, values))


def gather(records: Sequence[Any], wanted: Sequence[str], others: Sequence[str]) -> Gathered | None:  # noqa: ARG001
    """The cells of `wanted` by name, and which of all names some record has; None: look at each record."""
    return None


def with_cells(
    records: Sequence[Any],  # noqa: ARG001
    cells: Mapping[str, tuple[str, list[Any]]],  # noqa: ARG001
    dropped: Sequence[str],  # noqa: ARG001
) -> list[dict[str, Any]] | None:
    """Copies of the records with other cells; None: do it for each record."""
    return None


def plain_emails(values: Sequence[Any]) -> tuple[Packed, list[int]] | None:  # noqa: ARG001
    """`email@1` where it is plain, and the positions where it is not; None: normalise each value."""
    return None


plain_names = plain_texts = plain_emails
