"""Where sealed columns may not stand in a statement.

Rules of this file:

1. In a list of columns a sealed column is harmless, as itself: what comes out is a `SealedValue`.
2. Rows are told apart by their key, never by an envelope: DISTINCT, UNION, INTERSECT and EXCEPT of sealed columns
   need the primary key beside them.
3. What a subquery gives to a comparison, or to a column that is written, counts as standing there itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Exists, Insert, LargeBinary, Select, Update
from sqlalchemy.sql.elements import (
    ClauseElement,
    ClauseList,
    ColumnClause,
    ColumnElement,
    Label,
    TypeCoerce,
    UnaryExpression,
)
from sqlalchemy.sql.functions import count
from sqlalchemy.sql.selectable import CompoundSelect, FromClause, Join, ScalarSelect, SelectBase


def parts_of(element: Any) -> Iterator[Any]:
    """A statement and all that is in it."""
    yield element
    for child in element.get_children():
        yield from parts_of(child)


def misplaced(part: Any) -> Iterator[str]:
    """Names of sealed columns that one part of a statement, by itself, works with."""
    for element in _working(part):
        yield from _sealed_in(element)
    if isinstance(part, Select):
        yield from _sealed_names(part)
        if part._distinct and not part._distinct_on:
            yield from _unidentified(part)
    elif isinstance(part, CompoundSelect) and not part.keyword.value.endswith("ALL"):
        for one in part.selects:
            yield from _unidentified(one)


def copied(part: Any) -> Iterator[str]:
    """Names of sealed columns whose envelopes a part of a statement writes somewhere."""
    if isinstance(part, Insert) and part.select is not None:
        yield from _given_by(part.select)
    if isinstance(part, Insert | Update):
        private: Any = part
        ordered = getattr(part, "_ordered_values", None)  # SQLAlchemy 2.0
        for value in [*(private._values or {}).values(), *(value for _, value in ordered or ())]:
            if isinstance(value, ClauseElement):
                yield from _sealed_in(value)


def _working(part: Any) -> Iterator[Any]:
    private: Any = part
    if isinstance(part, Select):
        yield from private._where_criteria
        yield from private._having_criteria
        yield from private._order_by_clauses
        yield from private._group_by_clauses
        yield from private._distinct_on
        for _, condition, *_ in private._setup_joins:
            if isinstance(condition, ColumnElement):
                yield condition
        yield from _computed(private._raw_columns)
    elif isinstance(part, CompoundSelect):
        yield from private._order_by_clauses
        yield from private._group_by_clauses
    elif isinstance(part, Join):
        yield part.onclause
    elif hasattr(part, "_where_criteria"):  # UPDATE, DELETE
        yield from part._where_criteria
    yield from _computed(getattr(part, "_returning", None) or ())


def _computed(columns: Iterable[Any]) -> Iterator[Any]:
    for column in columns:
        bare = column.element if isinstance(column, Label) else column
        if isinstance(bare, ClauseList) and "bundle" in bare._annotations:
            yield from _computed(bare.clauses)
        elif not _is_sealed(bare) and not isinstance(bare, ScalarSelect):
            yield bare


def _sealed_in(element: Any) -> Iterator[str]:
    if isinstance(element, Exists):
        return  # looked at by itself, and asked only whether it has rows
    if isinstance(element, ScalarSelect | SelectBase):
        yield from _given_by(element.element if isinstance(element, ScalarSelect) else element)
        return
    is_column: bool = isinstance(element, ColumnElement)
    if isinstance(element, FromClause) and not is_column:  # a function is both
        return  # a table, or looked at by itself
    if isinstance(element, TypeCoerce) and isinstance(element.type, LargeBinary):
        return
    if isinstance(element, count) and not any(isinstance(one, UnaryExpression) for one in element.clauses):
        return  # of a DISTINCT, it would count envelopes
    if _is_sealed(element):
        yield _name(element)
        return
    for child in element.get_children():
        yield from _sealed_in(child)


def _given_by(select: Any) -> Iterator[str]:
    if isinstance(select, SelectBase):
        yield from (_name(column) for column in select.selected_columns if _is_sealed(_bare(column)))


def _unidentified(select: Any) -> Iterator[str]:
    if not isinstance(select, SelectBase):
        return
    columns = [_bare(one) for one in select.selected_columns]
    for column in columns:
        if _is_sealed(column):
            keys = list(column.table.primary_key) if column.table is not None else []
            if not keys or not all(any(one.shares_lineage(key) for one in columns) for key in keys):
                yield _name(column)


def _sealed_names(select: Any) -> Iterator[str]:
    """Sealed columns that ORDER BY or GROUP BY means by a name, `order_by("email")`."""
    names = {
        part.element
        for clause in (*select._order_by_clauses, *select._group_by_clauses)
        for part in parts_of(clause)
        if part.__visit_name__ == "textual_label_reference"
    }
    if not names:
        return
    known = {one.key: one for source in select.get_final_froms() for one in source.c}
    known |= {one.key: _bare(one) for one in select.selected_columns}
    for name in names:
        if name in known and _is_sealed(known[name]):
            yield name


def _bare(column: Any) -> Any:
    return column.element if isinstance(column, Label) else column


def _is_sealed(element: Any) -> bool:
    return isinstance(element, ColumnClause) and hasattr(getattr(element, "type", None), "declaration")


def _name(element: Any) -> str:
    return str(getattr(element, "name", "a sealed column"))
