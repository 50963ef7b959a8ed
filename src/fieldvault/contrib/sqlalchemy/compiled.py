"""What no operator catches: sealed columns at work in a statement, looked for when it was newly compiled.

A statement is looked through once; SQLAlchemy keeps what it has compiled. A sealed column may stand in a list of
columns, as itself; in a test for NULL; in COUNT; in `type_coerce(…, LargeBinary)`. Everywhere else the database
would work on envelopes, each different from all others, and answer wrongly without a word: misplaced.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Insert, Update
from sqlalchemy.sql.elements import ClauseElement

from fieldvault.attempts import attempt
from fieldvault.contrib.sqlalchemy.misplaced import copied, misplaced, parts_of
from fieldvault.contrib.sqlalchemy.statements import written_names
from fieldvault.contrib.sqlalchemy.table_binding import TableBinding
from fieldvault.errors import QueryRefused, WriteRefused

_SEEN = "_fieldvault_seen"


def before_cursor_execute(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
) -> None:
    """SQLAlchemy's event. Raises `QueryRefused` or `WriteRefused` before the statement reaches the driver."""
    del parameters  # an error's frames are shown with their locals
    compiled = context.compiled if context is not None else None
    if compiled is None or getattr(compiled, _SEEN, False):
        return
    attempt(_look_through, compiled).or_raise()
    setattr(compiled, _SEEN, True)


def _look_through(compiled: Any) -> None:
    for whole in _statements(compiled):
        for part in parts_of(whole):
            for column in copied(part):
                raise WriteRefused(
                    f"{column} is sealed: the statement copies its envelopes, which open in their own place only",
                    hint="load the objects and set attributes; for the bytes, type_coerce(…, LargeBinary)",
                )
            for column in misplaced(part):
                raise QueryRefused(
                    f"{column} is sealed: the database can neither order, group nor compute with it",
                    hint="load the objects and do it in Python; a search is ==, in_ or is_ on the attribute",
                )
            if part is not whole and isinstance(part, Insert | Update):
                _refuse_inner_write(part)


def _statements(compiled: Any) -> Iterator[ClauseElement]:
    """What was executed, and what the ORM has made of it: with joins, orders and columns of the mapping."""
    given = getattr(compiled, "statement", None)
    made = getattr(getattr(compiled, "compile_state", None), "statement", None)
    for one in (given, None if made is given else made):
        if isinstance(one, ClauseElement):
            yield one


def _refuse_inner_write(statement: Insert | Update) -> None:
    binding = TableBinding.find(statement.table)
    if binding is None:
        return
    for name in written_names(statement):
        if name in binding.guarded:
            raise WriteRefused(
                f"{binding.schema.name}.{name} is written inside another statement, where it cannot be sealed",
                hint="execute the INSERT or UPDATE by itself",
            )
