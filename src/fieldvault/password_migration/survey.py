"""What a table holds: counts by what was found, and the rows that somebody should look at. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from fieldvault.attempts import attempt
from fieldvault.password_migration.database import Database
from fieldvault.password_migration.failures import PasswordTableError
from fieldvault.password_migration.sorting import Kind, Sorter
from fieldvault.password_migration.table import Id, PasswordTable, pages

SUSPICIOUS = (Kind.UNDECLARED, Kind.AMBIGUOUS, Kind.SUSPICIOUS)
OLD = (Kind.LEGACY, Kind.WRAPPED, Kind.UNDECLARED, Kind.AMBIGUOUS)
"""What is not Argon2id of the password itself, and could be logged in with."""


@dataclass(frozen=True, slots=True)
class Dormancy:
    """Which rows nobody uses: those whose `column` (the last login) is before `before`.

    A row without a last login is dormant only where `never` says so: it may be a new account.
    """

    column: str
    before: datetime
    never: bool = False

    def holds(self, value: Any) -> bool:
        """`value` is a timestamp, a date, seconds since 1970, or any of these as ISO 8601; without zone it is UTC.

        Raises `PasswordTableError` for anything else.
        """
        return self.never if value is None else _moment(value, self.column) < self.before


@dataclass(slots=True)
class Survey:
    """Counts of rows by kind and label; `dormant` of those that a `Dormancy` holds for, among the `OLD` ones."""

    counts: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    dormant: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    suspicious: list[tuple[str, Id]] = field(default_factory=list)
    """Labels and ids of the first suspicious rows, as many as were asked for."""

    @property
    def rows(self) -> int:
        return self.counts.total()

    def of(self, *kinds: Kind) -> int:
        """How many rows are of these kinds."""
        return sum(count for (kind, _), count in self.counts.items() if kind in kinds)


def survey(
    database: Database,
    table: PasswordTable,
    sorter: Sorter,
    *,
    dormancy: Dormancy | None = None,
    ids: int = 0,
    on_rows: Callable[[int], None] = lambda _: None,
) -> Survey:
    """Read every row once. `ids` is how many suspicious rows to name. Raises `PasswordTableError`."""
    return attempt(_survey, database, table, sorter, dormancy, ids, on_rows).or_raise()


def _survey(
    database: Database,
    table: PasswordTable,
    sorter: Sorter,
    dormancy: Dormancy | None,
    ids: int,
    on_rows: Callable[[int], None],
) -> Survey:
    found = Survey()
    for rows in pages(database, table):
        for row in rows:
            one = sorter.sort(row)
            found.counts[one.kind, one.label] += 1
            if one.kind in SUSPICIOUS and len(found.suspicious) < ids:
                found.suspicious.append((one.label, row.id))
            if dormancy is not None and one.kind in OLD and dormancy.holds(row.others[dormancy.column]):
                found.dormant[one.kind, one.label] += 1
        on_rows(len(rows))
    return found


def _moment(value: Any, column: str) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None  # raised below: the error would quote the value
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    raise PasswordTableError(f"{column} holds something that is no date or time", hint="it must be the last login")
