"""The type of a sealed column: bytes in the database, `SealedValue` outside, never a plain value.

Rules of this file:

1. A plain value in a statement is refused before the statement reaches the driver, by an error that SQLAlchemy does
   not wrap: its wrapper shows the parameters. What may be sealed was sealed before (flushing.py, statements.py).
2. The type holds no key and no tenant: it is part of SQLAlchemy's cache keys.
3. A migration sees `LargeBinary()`: it must not import the application's cryptography.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

from fieldvault.contrib.sqlalchemy.comparator import SealedComparator
from fieldvault.contrib.sqlalchemy.declaration import Declaration
from fieldvault.contrib.sqlalchemy.sealed_value import SealedBytes, SealedValue
from fieldvault.contrib.sqlalchemy.unwrapped import unwrapped
from fieldvault.errors import WriteRefused

Bound = Callable[[Any], Any]


class SealedType(TypeDecorator[Any]):
    """A column of envelopes. Made by `encrypted` and `encrypted_columns`."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, declaration: Declaration) -> None:
        super().__init__()
        # Part of SQLAlchemy's cache key by its name.
        self.declaration = declaration

    @property
    def should_evaluate_none(self) -> bool:
        """A sealed null is a value: bulk inserts must not leave it out."""
        return self.declaration.seal_null

    @should_evaluate_none.setter
    def should_evaluate_none(self, value: bool) -> None:
        raise AttributeError("encrypted(seal_null=…) says it")

    def bind_processor(self, dialect: Dialect) -> Bound:
        return _bound

    def result_processor(self, dialect: Dialect, coltype: object) -> Bound:
        return _loaded

    def literal_processor(self, dialect: Dialect) -> Bound:
        return _hidden_literal

    def compare_values(self, x: Any, y: Any) -> bool:
        """Is it the same envelope? Asked by the unit of work, of its own placeholders too."""
        if x is y:
            return True
        both = type(x) is SealedValue and type(y) is SealedValue
        return both and bytes(x.envelope) == bytes(y.envelope)

    comparator_factory = SealedComparator

    def __repr__(self) -> str:
        return "LargeBinary()"


# Alembic writes a type as `sa.` and its repr where its module is SQLAlchemy's own (rule 3).
SealedType.__module__ = "sqlalchemy.types"


def _bound(value: Any) -> Any:
    if type(value) is SealedValue:
        return value.envelope
    if type(value) is SealedBytes:
        return bytes(value)
    if value is not None:
        del value  # an error's frames are shown with their locals
        _refuse()
    return None


def _loaded(cell: Any) -> SealedValue | None:
    return None if cell is None else SealedValue(cell)


def _hidden_literal(value: Any) -> str:
    return "<a plain value for a sealed column>"  # no SQL; an error would be wrapped in one that shows the value


def _refuse() -> NoReturn:
    raise unwrapped(
        WriteRefused(
            "a statement holds a plain value for a sealed column",
            hint="assign it to an object's attribute, or give rows as parameters: "
            "session.execute(insert(Model), [{…}])",
        )
    )
