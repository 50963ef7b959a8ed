"""What may be asked of a sealed column in SQL: equality by its index, and whether it is NULL.

Rules of this file:

1. `==`, `!=`, `IN` become the same on the index column. The values to look for are those of the scope that the
   statement runs in (wanted.py), so neither a tenant nor a key ever is part of a cached statement.
2. Everything else is refused where it is written, with what to do instead. What is no operator (ORDER BY,
   functions) is refused when it runs: compiled.py.
3. No plain value is a parameter. SQLAlchemy sees a function without a name, and the index values that it returns.
"""

from __future__ import annotations

from typing import Any, NoReturn

from sqlalchemy import BinaryExpression, Boolean, Column, LargeBinary, bindparam, type_coerce
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import ClauseElement, ColumnClause, ColumnElement, Label, Null
from sqlalchemy.types import TypeDecorator

from fieldvault.attempts import attempt
from fieldvault.contrib.sqlalchemy.declaration import declaration_of
from fieldvault.contrib.sqlalchemy.searched import Searched
from fieldvault.contrib.sqlalchemy.table_binding import TableBinding
from fieldvault.contrib.sqlalchemy.wanted import Wanted
from fieldvault.errors import QueryRefused


class WantedBytes(LargeBinary):
    """The type of what is looked for. It keeps our compiled statements apart from others of the same text.

    SQLAlchemy decides by the statement that was compiled first whether a parameter is a function. One that looks in
    the index column for given bytes would make it forget ours, and find nothing.
    """


_BYTES = WantedBytes()
_BOOLEAN = Boolean()


Target = tuple[TableBinding, Searched, ColumnElement[Any]]
"""Where a sealed column is searched: its table, its index, and the index column of the same entity."""


class SealedComparator(TypeDecorator.Comparator[Any]):
    _target: Target | None = None
    """Found once: SQLAlchemy keeps the comparator with its expression."""

    def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
        given = other[0] if len(other) == 1 else None
        if op in (operators.is_, operators.is_not, operators.eq, operators.ne) and _is_null(given):
            return self._null_test(op)
        if op in (operators.eq, operators.ne):
            if isinstance(given, ColumnClause):
                # SQLAlchemy looks for columns in lists and dicts by ==. As a condition, it is refused when it runs.
                return super().operate(op, given, **kwargs)
            values = [given]
        elif op in (operators.in_op, operators.not_in_op) and isinstance(given, list | tuple | set | frozenset):
            values = list(given)
        else:
            del given, other
            _refuse(_name(self.expr), getattr(op, "__name__", "this"))
        del given, other
        negated = op in (operators.ne, operators.not_in_op)
        found = attempt(self._by_index, values, negated, op is operators.eq)
        del values
        return found.or_raise()

    def reverse_operate(self, op: Any, other: Any, **kwargs: Any) -> Any:
        del other
        _refuse(_name(self.expr), getattr(op, "__name__", "this"))

    def _by_index(self, values: list[Any], negated: bool, single: bool) -> ColumnElement[bool]:
        for one in values:
            if isinstance(one, ClauseElement) or hasattr(one, "__clause_element__"):
                raise QueryRefused(
                    f"{_name(self.expr)} is compared with an SQL expression, which has no index value",
                    hint="compare it with a value; between two columns of one index, compare the index columns",
                )
        binding, searched, target = self._target or self._find_target()
        if any(one is None for one in values):
            if negated:
                raise QueryRefused("NOT IN with None is true of no row", hint="leave None out")
            values = [one for one in values if one is not None]
        if not values:
            return target.not_in([]) if negated else target.in_([])
        wanted = Wanted(binding, searched, values)
        if single and not negated and wanted.asks_one():
            one_value = bindparam(None, callable_=wanted.one, type_=_BYTES, unique=True)
            return BinaryExpression(target, one_value, operators.eq, type_=_BOOLEAN, negate=operators.ne)
        several = bindparam(None, callable_=wanted, expanding=True, type_=_BYTES, unique=True)
        return target.not_in(several) if negated else target.in_(several)

    def _find_target(self) -> Target:
        column = _base_column(self.expr)
        binding = TableBinding.of(column.table)
        searched = binding.searched[column.name]
        self._target = binding, searched, _index_column(self.expr, column, searched.column)
        return self._target

    def _null_test(self, op: Any) -> Any:
        declaration = declaration_of(self.expr)
        if declaration is not None and declaration.seal_null:
            raise QueryRefused(
                f"{_name(self.expr)} seals its nulls, so the database does not know which they are",
                hint="open the rows and look",
            )
        tested = type_coerce(self.expr, LargeBinary)
        return tested.is_not(None) if op in (operators.is_not, operators.ne) else tested.is_(None)


def _index_column(expression: Any, column: Column[Any], index_column: Column[Any]) -> ColumnElement[Any]:
    """The index column of the same entity, alias or subquery as `expression`."""
    annotations = getattr(expression, "_annotations", {})
    entity = annotations.get("parententity")
    if entity is not None:
        key = entity.mapper.get_property_by_column(index_column).key
        target: ColumnElement[Any] = getattr(entity.entity, key).__clause_element__()
        return target
    selectable = expression.table if not isinstance(expression, Label) else expression.element.table
    found = selectable.corresponding_column(index_column)
    if found is None:
        raise QueryRefused(
            f"the subquery has no {index_column.name}, by which {column.name} is found",
            hint="select it there too, or put the condition inside",
        )
    return found  # type: ignore[no-any-return]


def _base_column(expression: Any) -> Column[Any]:
    bases = [one for one in expression.base_columns if isinstance(one, Column)]
    if len(bases) != 1:
        raise QueryRefused("this expression of a sealed column cannot be searched", hint="search the column itself")
    return bases[0]


def _is_null(given: Any) -> bool:
    return given is None or isinstance(given, Null)


def _name(expression: Any) -> str:
    name = getattr(expression, "name", None)
    return name if isinstance(name, str) else "a sealed column"


_INSTEAD = {
    "like_op": "index what you search by: a second attribute with a normaliser of its own, or RecordCipher.search",
    "desc_op": "load the objects and sort them",
    "asc_op": "load the objects and sort them",
}


def _refuse(name: str, operator: str) -> NoReturn:
    raise QueryRefused(
        f"{name} is sealed: the database cannot answer {operator.removesuffix('_op')}",
        hint=_INSTEAD.get(
            operator, "use ==, !=, in_ or is_ with values, or load the objects and compare in Python"
        ),
    )
