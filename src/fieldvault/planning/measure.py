"""What one index column of a real table holds, by aggregates: no index value leaves the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fieldvault.errors import MissingExtra
from fieldvault.planning.spread import Spread

try:
    from sqlalchemy import column, func, select, table
except ModuleNotFoundError:
    raise MissingExtra("measuring a table", extra="sql") from None

if TYPE_CHECKING:
    from sqlalchemy import ColumnClause
    from sqlalchemy.engine import Connection


@dataclass(frozen=True, slots=True)
class IndexMeasure:
    """`nulls` are rows without an index value. `bits` is what the index keeps of its MAC. `holds_sets`: a cell is
    the set of a value's words or n-grams, and is measured as a whole.
    """

    table: str
    field: str
    index: str
    column: str
    bits: int
    nulls: int
    spread: Spread
    holds_sets: bool = False

    @property
    def expected_coincidences(self) -> float:
        """Pairs of unequal values that the truncation makes look equal, for each value: distinct / 2^bits."""
        return self.spread.distinct / 2.0**self.bits


def measure_index(
    connection: Connection,
    *,
    table_name: str,
    field: str,
    index: str,
    column_name: str,
    bits: int,
    schema_name: str | None = None,
    holds_sets: bool = False,
) -> IndexMeasure:
    """Measure a column in two statements, each a scan. Raises what SQLAlchemy raises."""
    values: ColumnClause[Any] = column(column_name)
    rows = table(table_name, values, schema=schema_name)
    counts = (
        select(func.count().label("n")).where(values.is_not(None)).select_from(rows).group_by(values).subquery()
    )
    found = connection.execute(select(counts.c.n, func.count()).group_by(counts.c.n)).all()
    spread = Spread({count: distinct for count, distinct in found})  # noqa: C416 - a Row is not a pair to mypy
    nulls = connection.execute(select(func.count()).select_from(rows).where(values.is_(None))).scalar_one()
    return IndexMeasure(table_name, field, index, column_name, bits, nulls, spread, holds_sets)
