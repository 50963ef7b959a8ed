"""The root of the tree of errors, and the stages of opening.

Rules of every error:

1. A message says what happened; a hint says what to do about it.
2. What a program needs to know is an attribute, never something to parse out of the message.
3. No message, hint or attribute ever holds a value, a key, a wrapped key, an index value or a token of a login.
   Names (tenant, schema, field, column), key ids, counts and positions are allowed.
4. Opening is refused at a named `Stage`; the test vectors name the same stages.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Self


class Stage(StrEnum):
    """Where on its way from an envelope to a value something was refused (spec envelope-v1 §6)."""

    PARSE = "parse"
    KEY = "key"
    UNWRAP = "unwrap"
    COMMITMENT = "commitment"
    AUTHENTICATE = "authenticate"
    DECODE = "decode"


class FieldvaultError(Exception):
    """Base of every error of this library."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.field: str | None = None
        """The schema's field that it happened in, where there is one."""

    def detached(self) -> Self:
        """This error without the frames it came through, which hold values and keys as their locals.

        For errors that are returned, kept or raised again by an outer frame that has dropped what it held.
        """
        self.__traceback__ = self.__context__ = self.__cause__ = None
        return self

    def copy(self) -> Self:
        """The same error without frames, to be raised in another thread or for another item."""
        copy = type(self).__new__(type(self), *self.args)
        copy.__dict__.update(self.__dict__)
        return copy

    def in_field(self, field: str) -> Self:
        """A copy of this error that names the field, in its message too."""
        copy = self.copy()
        copy.message = f"{field}: {self.message}"
        copy.field = field
        copy.args = (copy.message,)
        return copy

    def __reduce__(self) -> tuple[Callable[..., Self], tuple[Any, ...]]:
        # Errors cross process boundaries (multiprocessing, task queues); the default would call __init__ with the
        # message alone.
        return _rebuild, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message} ({self.hint})"


def _rebuild(kind: type[FieldvaultError], args: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error
