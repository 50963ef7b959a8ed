"""How an error leaves without the frames it came through, which hold values, subjects and keys as their locals.

A public method runs its work inside `attempt`, which turns a typed error into a value, forgets what it was given,
and only then lets `or_raise` raise. So no frame of ours in a traceback, with its locals or without, shows a value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from fieldvault.errors import FieldvaultError

Result = TypeVar("Result")


class Outcome(Generic[Result]):
    """A result, or the error in its place."""

    __slots__ = ("_error", "_result")

    def __init__(self, result: Result | None, error: FieldvaultError | None) -> None:
        self._result = result
        self._error = error

    @property
    def failed(self) -> bool:
        """Whether there is an error instead of a result."""
        return self._error is not None

    def or_raise(self) -> Result:
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]

    def __repr__(self) -> str:
        return f"<Outcome: {'done' if self._error is None else type(self._error).__name__}>"


def attempt(work: Callable[..., Result], *given: Any) -> Outcome[Result]:
    """What `work(*given)` returns or raises."""
    try:
        return Outcome(work(*given), None)
    except FieldvaultError as error:
        return Outcome(None, error.detached())
