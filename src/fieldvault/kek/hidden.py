"""Values that must not be seen: in a repr, a pickle, a log, or the local variables that an error reporter collects.

Rules of this file, for every KEK:

1. A secret or a key is a local variable only inside a `Hidden`, in every frame that an error can pass through.
2. An error about a secret is raised outside the `except` block, so that no `__context__` holds its bytes.
"""

from __future__ import annotations

from typing import Generic, Never, TypeVar

T = TypeVar("T")


class Hidden(Generic[T]):
    """Holds one value; `reveal` is the only way to it, and easy to search for."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        return self._value

    def __repr__(self) -> str:
        return "<hidden>"

    def __reduce__(self) -> Never:
        raise TypeError("a hidden value cannot be pickled or copied")
