"""The `Password` column type: assign a str and it is hashed, compare with `==` and it is verified.

Rules of this file:

1. A password that is assigned to a mapped attribute is hashed at once, so the instance never holds it.
2. Statements never carry a password: SQLAlchemy shows their parameters in logs and errors. A str in a statement
   must be a stored form already; any other is refused by an error that SQLAlchemy does not wrap, since its wrapper
   shows the parameters.
3. A hash is salted, so SQL cannot compare it: such an expression is refused instead of finding nothing.
4. An upgrade is written only over what it upgraded. A password that was changed meanwhile is kept.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Dialect, String
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.sql import operators
from sqlalchemy.types import TypeDecorator

from fieldvault.contrib.sqlalchemy.stored_password import StoredPassword
from fieldvault.errors import ValueRefused
from fieldvault.passwords import PasswordHasher, ShapeKind, identify

_STORED_FORMS = (ShapeKind.CURRENT, ShapeKind.WRAPPED, ShapeKind.SEALED)
_COMPARISONS = (operators.is_, operators.is_not, operators.eq, operators.ne)


class PlainPasswordRefused(ValueRefused, DontWrapMixin):
    """A statement held a str that is not a stored form: probably a password."""


class Password(TypeDecorator[StoredPassword]):
    """A string column of password hashes.

        password: Mapped[str | StoredPassword] = mapped_column(Password())

        user.password = "correct horse"       # hashed here
        user.password == "correct horse"      # True; an outdated form is upgraded at the next flush

    `hasher` says the profile, the legacy schemes that the column may still hold, and the pepper; `length` is the
    column's length in characters. For a user who does not exist, call `hasher.verify_unknown_user(password)`, so
    that the answer takes as long.
    """

    impl = String
    cache_ok = True
    hashable = False

    def __init__(self, hasher: PasswordHasher | None = None, length: int = 512) -> None:
        super().__init__(length)
        # Part of SQLAlchemy's cache key by its name: two columns with different hashers are different types.
        self.hasher = PasswordHasher() if hasher is None else hasher
        self.length = length

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if isinstance(value, StoredPassword):
            return value.stored
        if value is None or (isinstance(value, str) and identify(value).kind in _STORED_FORMS):
            return value
        raise PlainPasswordRefused(
            "a statement holds a str for a Password column that is not a stored form",
            hint="hasher.hash(password) in bulk statements; assigning to a mapped attribute hashes by itself",
        )

    def process_result_value(self, value: str | None, dialect: Dialect) -> StoredPassword | None:
        return None if value is None else StoredPassword(value, self.hasher)

    def compare_values(self, x: object, y: object) -> bool:
        """Is it the same stored form? Asked by the unit of work, of its own placeholders too."""
        both = isinstance(x, StoredPassword) and isinstance(y, StoredPassword)
        return x == y if both else x is y

    def hashed(self, password: Any) -> Any:
        """What an attribute holds after `password` was assigned to it."""
        return StoredPassword(self.hasher.hash(password), self.hasher) if isinstance(password, str) else password

    class Comparator(TypeDecorator.Comparator[StoredPassword]):
        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            if op in _COMPARISONS and (other == (None,) or type(other[0]) is StoredPassword):
                return super().operate(op, *other, **kwargs)
            raise PlainPasswordRefused(
                "SQL cannot compare a Password column: each hash has a salt of its own",
                hint="load the row and compare its attribute; type_coerce(column, String) reaches the text",
            )

    comparator_factory = Comparator
