"""INSERT and UPDATE statements that did not come from a flush: sealed in one batch, or refused.

All of them pass here, with their rows as parameters: `session.execute(insert(Model), rows)`,
`bulk_insert_mappings`, `bulk_save_objects`, and statements on the table itself.

Rules of this file:

1. What is given as parameters is sealed where it can be told which rows they are: an INSERT's own, or those of an
   UPDATE whose WHERE names the row id. Everything else is refused before it is written.
2. The caller's parameters are not changed.
3. Index columns are written whenever their field is, NULL included: nobody is found by a former value.
4. An UPDATE by the tenant of the scope reaches no row of another tenant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Insert, Update
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, BooleanClauseList, Null

from fieldvault.attempts import attempt
from fieldvault.contrib.sqlalchemy.sealed_value import UNOPENED, SealedBytes, SealedValue
from fieldvault.contrib.sqlalchemy.sealing import Row, made_by_default, plain_value, seal_rows
from fieldvault.contrib.sqlalchemy.table_binding import TableBinding
from fieldvault.errors import WriteRefused
from fieldvault.scoping import current_acting, current_tenant

Rows = Sequence[Mapping[str, Any]]
Pinned = Mapping[str, BindParameter[Any]]
"""Columns that a WHERE compares with parameters."""
_WRITING = (Insert, Update)
_ROWS_HINT = "give the rows as parameters, session.execute(insert(Model), [{…}]), or set attributes of objects"


def before_execute(
    connection: Connection, statement: Any, many: Any, one: Any, options: Any
) -> tuple[Any, Any, Any]:
    """SQLAlchemy's event. Raises a `FieldvaultError`; then nothing is written."""
    if not isinstance(statement, _WRITING):
        return statement, many, one
    binding = TableBinding.find(_table_of(statement))
    if binding is None:
        return statement, many, one
    result = attempt(_sealed, binding, statement, many or ([one] if one else []))
    del one
    is_many = bool(many)
    del many
    statement, rows = result.or_raise()
    return (statement, rows, {}) if is_many else (statement, [], rows[0] if rows else {})


def _table_of(statement: Insert | Update) -> Any:
    # A bulk statement on a model that inherits is executed for each table, and says here for which.
    meant = statement._annotations
    return meant.get("_emit_insert_table", meant.get("_emit_update_table", statement.table))


def _sealed(binding: TableBinding, statement: Insert | Update, rows: Rows) -> tuple[Any, Rows]:
    statement = without_plain_values(binding, statement)
    rows = _twinned(binding, rows)
    _refuse_lone_index_values(binding, rows)
    pinned = {} if isinstance(statement, Insert) else dict(_equalities(statement.whereclause))
    if not _has_plain(binding, statement, rows, pinned):
        return statement, rows
    if isinstance(statement, Insert):
        return statement, _seal_new(binding, rows)
    return _seal_known(binding, statement, rows, pinned)


def _twinned(binding: TableBinding, rows: Rows) -> Rows:
    """In a migration, what is given for one of two columns is given for the other too (migrating.py)."""
    pairs = [(plain, sealed) for sealed, plain in binding.dual_writes.items()] + list(binding.cut_overs.items())
    for given, twin in pairs:
        rows = [{**row, twin: row[given]} if given in row and twin not in row else row for row in rows]
    return rows


def _refuse_lone_index_values(binding: TableBinding, rows: Rows) -> None:
    """An index value is made of its field's value, and written with it."""
    first = rows[0] if rows else {}  # the rows of one statement are alike
    for name, columns in binding.index_columns.items():
        for column in columns:
            if column in first and any(
                (row.get(column) is not None and row.get(name) is None) or name not in row for row in rows
            ):
                raise WriteRefused(
                    f"{binding.schema.name}.{column} is given without {name}, whose index value it is",
                    hint=f"write {name}; its index columns come along",
                )


def _has_plain(binding: TableBinding, statement: Insert | Update, rows: Rows, pinned: Pinned) -> bool:
    """Is there anything to seal? A flush's rows are sealed for the row that they are written to."""
    names = [name for name in binding.schema.sealed if rows and name in rows[0]]
    if not names:
        return False
    seal_null = {name for name in names if binding.schema.sealed[name].seal_null}
    own = None
    if isinstance(statement, Insert):
        own = [binding.own_names[name] for name in binding.row_id]
    elif all(binding.own_names[name] in pinned for name in binding.row_id):
        own = [pinned[binding.own_names[name] or ""].key for name in binding.row_id]
    for row in rows:
        for name in names:
            value = row.get(name)
            if type(value) is SealedValue and value.opened is not UNOPENED:
                if own is not None and value.bound is not None and not _is_of(value.bound[1], row, own):
                    return True
                break  # and so are the others of the row: what is no sealed value is refused by the type
            if value is not None or name in seal_null:
                return True
    if isinstance(statement, Insert):
        return False
    return any(column not in rows[0] for name in names for column in binding.index_columns[name])


def _is_of(row_id: Any, row: Mapping[str, Any], own: Sequence[str | None]) -> bool:
    found = [row_id] if len(own) == 1 else row_id
    return all(name is None or row.get(name) == one for name, one in zip(own, found, strict=True))


def _seal_new(binding: TableBinding, rows: Rows) -> Rows:
    records: list[Row] = []
    tenant = binding.tenant
    acting = current_acting()
    results: list[Row] = []
    for row in rows:
        result = dict(row)
        record: Row = {name: row.get(binding.own_names.get(name) or name) for name in binding.bound_to}
        for name, column in binding.row_id.items():
            if record[name] is None:
                if column.table is not binding.table:
                    raise WriteRefused(
                        f"a row of {binding.schema.name} does not say which row of {column.table.name} it is of",
                        hint="add objects to the session; or give the key that both tables share",
                    )
                made = made_by_default(column)
                if made is not None:
                    record[name] = result[name] = made
        if tenant is not None and record[tenant] is None and acting is not None and acting.tenant is not None:
            record[tenant] = result[tenant] = binding.tenant_cell(acting.tenant)
        records.append(record)
        results.append(result)
    return _filled(binding, records, results)


def _seal_known(binding: TableBinding, statement: Update, rows: Rows, pinned: Pinned) -> tuple[Any, Rows]:
    records: list[Row] = []
    for row in rows:
        record: Row = {}
        for name in binding.bound_to:
            own = binding.own_names.get(name) or name
            if name == binding.tenant:
                record[name] = binding.tenant_cell(current_tenant())
            elif own in pinned:
                parameter = pinned[own]
                record[name] = row.get(parameter.key, parameter.value)
            else:
                raise WriteRefused(
                    f"an UPDATE of {binding.schema.name} does not say by {name} which rows it is for",
                    hint="load the objects and set their attributes",
                )
        records.append(record)
    if binding.tenant is not None:
        own_rows = binding.table.c[binding.tenant] == binding.tenant_cell(current_tenant())
        statement = statement.where(own_rows)
    return statement, _filled(binding, records, [dict(row) for row in rows])


def _filled(binding: TableBinding, records: list[Row], rows: list[Row]) -> Rows:
    """The rows, in which the values of sealed columns are replaced by what they are sealed to."""
    sealed_names = binding.schema.sealed.keys()
    for row, record in zip(rows, records, strict=True):
        for name in row.keys() & sealed_names:
            value = row[name]
            record[name] = value if value.__class__ is str else _plain(binding, name, value, record)
    for row, record, sealed in zip(rows, records, seal_rows(binding, records), strict=True):
        for name in record.keys() & sealed_names:
            envelope = sealed[name]
            row[name] = None if envelope is None else SealedBytes(envelope)
            for column in binding.index_columns[name]:
                row[column] = sealed[column]
    return rows


def _plain(binding: TableBinding, name: str, value: Any, record: Row) -> Any:
    return plain_value(_openable(binding, name, value), binding, name, record)


def _openable(binding: TableBinding, name: str, value: Any) -> Any:
    if type(value) is not SealedValue:
        return value
    if value.opened is UNOPENED:
        raise WriteRefused(
            f"{binding.schema.name}.{name} is given a sealed value, which opens in its own row only",
            hint="load the object, and give the value of its attribute",
        )
    return value.opened


def without_plain_values(binding: TableBinding, statement: Insert | Update) -> Any:
    """The statement, if the values in it touch nothing that is sealed, or set it to NULL."""
    private: Any = statement
    if isinstance(statement, Insert) and statement.select is not None:
        touched = {getattr(name, "name", name) for name in private._select_names or ()}
        _refuse_if(binding, touched, "copies sealed values from another row by INSERT … SELECT")
    conflict = getattr(private, "_post_values_clause", None)
    if conflict is not None:
        touched = {getattr(one, "name", one) for one, _ in _set_on_conflict(conflict)}
        _refuse_if(
            binding, touched, "would put values sealed for a new row into the row that is there, ON CONFLICT"
        )
    embedded = _embedded(statement)
    if isinstance(statement, Update):
        _refuse_moves(binding, embedded.keys())
    nulls: dict[str, None] = {}
    for name, value in embedded.items():
        if (
            name in binding.plain_twins
            or not _is_null(value)
            or (name in binding.schema.sealed and binding.schema.sealed[name].seal_null)
        ):
            _refuse_if(binding, {name}, "has a value for a sealed column in itself")
        nulls |= dict.fromkeys(binding.index_columns.get(name, ()))
    return statement.values(nulls) if nulls and private._values else statement


def written_names(statement: Insert | Update) -> Iterable[str]:
    """The columns that a statement writes by itself, without parameters."""
    if isinstance(statement, Insert) and statement.select is not None:
        private: Any = statement
        return {getattr(name, "name", name) for name in private._select_names or ()}
    return _embedded(statement).keys()


def _embedded(statement: Insert | Update) -> dict[str, Any]:
    private: Any = statement
    embedded: dict[str, Any] = {}
    for values in (private._values or {}, dict(getattr(private, "_ordered_values", None) or ())):
        embedded |= {getattr(one, "name", one): value for one, value in values.items()}
    for several in private._multi_values or ():
        for values in several:
            by_position = zip(statement.table.c.keys(), () if isinstance(values, Mapping) else values, strict=False)
            names: Mapping[Any, Any] = values if isinstance(values, Mapping) else dict(by_position)
            embedded |= {getattr(one, "name", one): value for one, value in names.items()}
    return embedded


def _is_null(value: Any) -> bool:
    if isinstance(value, BindParameter):
        return value.value is None and value.callable is None and not value.required
    return isinstance(value, Null)


def _refuse_moves(binding: TableBinding, names: Iterable[str]) -> None:
    for name in names:
        if name in binding.bound_to:
            raise WriteRefused(
                f"an UPDATE changes {binding.schema.name}.{name}, which the row's sealed values are bound to",
                hint="make new rows, and delete these",
            )


def _refuse_if(binding: TableBinding, touched: Iterable[str], what: str) -> None:
    for name in touched:
        if name in binding.guarded:
            raise WriteRefused(f"{binding.schema.name}.{name}: the statement {what}", hint=_ROWS_HINT)


def _set_on_conflict(clause: Any) -> Iterable[tuple[Any, Any]]:
    if hasattr(clause, "update_values_to_set"):  # PostgreSQL, SQLite
        values = clause.update_values_to_set
        found: Iterable[tuple[Any, Any]] = values.items() if isinstance(values, Mapping) else values
        return found
    update = getattr(clause, "update", None)  # MySQL
    return update.items() if isinstance(update, Mapping) else ()


def _equalities(clause: Any) -> Iterable[tuple[str, BindParameter[Any]]]:
    """Columns that a WHERE compares with a parameter, all of them at once."""
    if isinstance(clause, BooleanClauseList) and clause.operator is operators.and_:
        for one in clause.clauses:
            yield from _equalities(one)
    elif (
        isinstance(clause, BinaryExpression)
        and clause.operator is operators.eq
        and isinstance(clause.right, BindParameter)
        and hasattr(clause.left, "name")
    ):
        yield clause.left.name, clause.right
