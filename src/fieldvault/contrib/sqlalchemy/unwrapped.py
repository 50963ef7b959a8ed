"""Errors of ours that pass through SQLAlchemy as they are.

SQLAlchemy wraps what is raised while it prepares a statement, and its wrapper shows the statement's parameters.
It lets an error pass that is a `DontWrapMixin`; ours are not, since they know nothing of SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from sqlalchemy.exc import DontWrapMixin

from fieldvault.errors import FieldvaultError

Error = TypeVar("Error", bound=FieldvaultError)


def unwrapped(error: Error) -> Error:
    """The same error, of a class that SQLAlchemy does not wrap: a subclass of its own, by the same name."""
    passing = error.copy()
    kind: Any = type(error)
    passing.__class__ = _passing(kind)
    return passing


@cache
def _passing(kind: type[FieldvaultError]) -> Any:
    def reduce(self: FieldvaultError) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        rebuild, (_, *rest) = FieldvaultError.__reduce__(self)
        return rebuild, (kind, *rest)  # a class that is made on the way cannot be named in a pickle

    return type(kind.__name__, (kind, DontWrapMixin), {"__module__": kind.__module__, "__reduce__": reduce})
