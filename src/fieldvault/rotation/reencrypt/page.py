"""A page of rows, by column; and what is to be written of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fieldvault.errors import FieldvaultError
from fieldvault.rotation.keyed_table import Key


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the order of their keys; `cells` are their columns, by name."""

    keys: Sequence[Key] = field(repr=False)
    cells: Mapping[str, Sequence[Any]] = field(repr=False)

    @property
    def end(self) -> Key:
        """The last row's key."""
        return self.keys[-1]


@dataclass(frozen=True, slots=True)
class Changes:
    """New cells for some rows. A row is written if it still has its `old` cells, compared as the database does."""

    keys: Sequence[Key] = field(repr=False)
    old: Mapping[str, Sequence[Any]] = field(repr=False)
    new: Mapping[str, Sequence[Any]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a page: `changes`, `refused` rows and why by position, and the rows that are `fine` as they are.

    `left_keys` counts the rows of the page by the key ids that they were found under.
    """

    changes: Changes | None
    refused: Mapping[int, FieldvaultError] = field(default_factory=dict)
    fine: int = 0
    left_keys: Counter[bytes | None] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Opened:
    """A page whose values are opened, and what seals them."""

    page: Page
    seal: Callable[[], Settled] = field(repr=False)
