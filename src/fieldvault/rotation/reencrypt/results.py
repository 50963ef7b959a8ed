"""What a run says of itself: while it goes on, and at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fieldvault.rotation.keyed_table import Key

SHOWN_KEYS = 20


@dataclass(frozen=True, slots=True)
class ReencryptionProgress:
    """After a batch. `rows` of about `total` were looked at in this round over `table`.

    `rows_left` is how many rows still have a cell under a key, by key id in hex, "" for any other; at a round's
    beginning it is counted, and then what was met is taken off. `rows_per_second` and `seconds_left` are estimates;
    None where there is nothing to estimate from.
    """

    table: str
    tenant: str | None
    round: int
    rows: int
    total: int
    rows_left: Mapping[str, int]
    rows_per_second: float | None
    seconds_left: float | None


@dataclass(slots=True)
class TableResult:
    """What was done to one tenant's rows of one table, over all runs of this job.

    `written` rows have new cells. `overtaken` rows were changed by somebody else first, and looked at again.
    `refused` rows cannot be opened or sealed, and stay as they are: by reason, an error's class, with some of their
    keys in `refused_keys` (of this run). `fine` rows were looked at, and needed nothing. `left` counts the rows
    that are still to be done, refused ones included; None where nothing was to be written.
    """

    table: str
    tenant: str | None
    written: int = 0
    overtaken: int = 0
    fine: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    refused_keys: list[Key] = field(default_factory=list)
    left: int | None = None
    rounds: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ReencryptionResult:
    """`tables` in the order in which they were worked on. `stopped`: it was asked to end before the end."""

    tables: Sequence[TableResult]
    stopped: bool

    @property
    def refused(self) -> int:
        """Rows that were left as they are."""
        return sum(one.refused.total() for one in self.tables)

    @property
    def written(self) -> int:
        """Rows with new cells."""
        return sum(one.written for one in self.tables)
