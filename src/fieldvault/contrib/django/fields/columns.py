"""SealedCol: an encrypted column in a query.

It may be selected, and grouped by beside a row's other columns. Wherever else the database would compute with
envelopes (an order, a function, a condition, an assignment), it refuses before the statement is sent. Django has
no hook for that, so this looks at what is being compiled:

1. Until the columns are chosen, a compiler's `select` is None; after that come ORDER BY, GROUP BY and WHERE.
2. Grouping asks `get_group_by_cols`, which gives a plain `Col`. What `values().annotate()` groups by does not, and
   is refused unless the row's primary key is beside it.
3. Among the selected, it is refused inside another expression, under DISTINCT, and where its alias is an order.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db.models.expressions import Col
from django.db.models.sql.compiler import SQLDeleteCompiler, SQLInsertCompiler, SQLUpdateCompiler

from fieldvault.errors import QueryRefused

_WRITERS = (SQLUpdateCompiler, SQLInsertCompiler, SQLDeleteCompiler)


class SealedCol(Col):
    """One for each use: a shared one could not tell where it stands."""

    _is_of_instances = False
    """Whether what it selects goes to instances, which keep the envelope's bytes as they are."""

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        if isinstance(compiler, _WRITERS):
            raise self._refusal("cannot be copied: it would not open elsewhere")
        query = compiler.query
        if query.subquery and not query.default_cols:
            raise self._refusal("cannot be handed to another query, which would take envelopes for values")
        if compiler.select is None and query.default_cols and not query.annotations:
            self._is_of_instances = True  # the usual case: rows of a model, and nothing besides
            return super().as_sql(compiler, connection)
        if compiler.select is not None:
            if self._is_grouped_beside_its_key(query):
                return super().as_sql(compiler, connection)
            raise self._refusal("cannot be ordered, grouped or compared by")
        for annotation in query.annotation_select.values():
            if annotation is not self and _holds(annotation, self):
                raise self._refusal("cannot be computed with")
        if query.distinct and not query.default_cols:
            raise self._refusal("has no distinct values")
        if self._aliases(query) & _ordered_by(query):
            raise self._refusal("cannot be ordered by")
        self._is_of_instances = query.default_cols and all(
            one is not self for one in query.annotation_select.values()
        )
        return super().as_sql(compiler, connection)

    def get_db_converters(self, connection: Any) -> list[Any]:
        if self._is_of_instances:
            return [] if _gives_bytes(connection) else [lambda value, *_: None if value is None else bytes(value)]
        return super().get_db_converters(connection)

    def get_group_by_cols(self) -> list[Any]:
        return [Col(self.alias, self.target, self.output_field)]

    def _aliases(self, query: Any) -> set[str]:
        names = set()
        for alias, selected in (query.selected or {}).items():
            column = query.select[selected] if isinstance(selected, int) else selected
            column = query.annotations.get(column) if isinstance(column, str) else column
            if column is self:
                names.add(alias)
        names.update(alias for alias, one in query.annotation_select.items() if one is self)
        return names

    def _is_grouped_beside_its_key(self, query: Any) -> bool:
        """Whether this is one of all the columns of a row that Django groups by, its primary key among them."""
        grouped = query.group_by if isinstance(query.group_by, tuple) else ()
        return any(one is self for one in grouped) and any(
            isinstance(one, Col) and one.alias == self.alias and one.target.primary_key for one in grouped
        )

    def _refusal(self, what: str) -> QueryRefused:
        return QueryRefused(
            f"{self.target.label} is encrypted and {what}",  # type: ignore[attr-defined]
            hint="open the rows and do it in Python, or keep a plain column for it",
        )


def _holds(expression: Any, column: Col) -> bool:
    """Whether the column is anywhere in it. (Conditions have no `flatten`.)"""
    return expression is column or any(
        _holds(one, column) for one in expression.get_source_expressions() if one is not None
    )


@cache
def _gives_bytes_on_postgresql() -> bool:
    from django.db.backends.postgresql.psycopg_any import is_psycopg3

    return bool(is_psycopg3)  # the older driver gives memoryviews


def _gives_bytes(connection: Any) -> bool:
    return connection.vendor != "postgresql" or _gives_bytes_on_postgresql()


def _ordered_by(query: Any) -> set[str]:
    ordering = query.order_by or (query.get_meta().ordering if query.default_ordering and query.get_meta() else ())
    names = set()
    for one in ordering:
        expression = getattr(one, "expression", one)
        name = expression if isinstance(expression, str) else getattr(expression, "name", None)
        if isinstance(name, str):
            names.add(name.lstrip("+-"))
    return names
