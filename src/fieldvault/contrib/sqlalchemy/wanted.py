"""Wanted: the index values that a statement asks for. SQLAlchemy calls it when the statement runs.

Rules of this file:

1. What is asked for is of the tenant whose scope the statement runs in, whoever built it.
2. Index values made while the statement was built serve if it runs within `SECONDS`, for the same tenant: a
   rotation of the index keys waits far longer for a query that is under way. After that they are made anew.
3. No plain value is a parameter, and none is shown.
"""

from __future__ import annotations

from typing import Any

from fieldvault.attempts import attempt
from fieldvault.contrib.sqlalchemy.searched import Searched
from fieldvault.contrib.sqlalchemy.table_binding import TableBinding
from fieldvault.contrib.sqlalchemy.unwrapped import unwrapped
from fieldvault.errors import FieldvaultError, QueryRefused
from fieldvault.ports import Clock
from fieldvault.scoping import current_acting

SECONDS = 1.0
_NO_VALUE = b"\x00"
"""In no index column: where a tenant has no index key yet, nothing can be found."""


class _Made:
    """Index values, for whom they are, and how long they serve."""

    __slots__ = ("_clock", "_tenant", "_until", "values")

    def __init__(self, tenant: str | None, clock: Clock, values: list[bytes], until: float) -> None:
        self._tenant = tenant
        self._clock = clock
        self._until = until
        self.values = values

    def serve(self) -> bool:
        if self._clock.monotonic() >= self._until:
            return False
        acting = current_acting()
        return self._tenant is None or (acting is not None and acting.tenant == self._tenant)


class Wanted:
    """Values that are looked for."""

    __slots__ = ("_binding", "_made", "_searched", "_values")

    def __init__(self, binding: TableBinding, searched: Searched, values: list[Any]) -> None:
        self._binding = binding
        self._searched = searched
        self._values = values
        self._made: _Made | None = None

    def __call__(self) -> list[bytes]:
        """The index values. Raises the `FieldvaultError`, of a kind that SQLAlchemy does not wrap."""
        made = self._made
        if made is not None and made.serve():
            return made.values
        outcome = attempt(self._make)
        try:
            return outcome.or_raise()
        except FieldvaultError as error:
            refused = unwrapped(error)
        raise refused

    def one(self) -> bytes:
        """The same, in a statement that has room for one."""
        values = self()
        if len(values) == 1:
            return values[0]
        raise unwrapped(
            QueryRefused(
                f"the index keys of {self._binding.schema.name} are being rotated since this statement was built",
                hint="build the statement where it is executed; once more is enough",
            )
        )

    def asks_one(self) -> bool:
        """Is one index value asked for, here and now? It is two while the index keys are rotated.

        `=` costs the database and SQLAlchemy less than `IN`. Outside a scope, where a statement may be built to be
        kept, and wherever it is not known, `IN` is right in every phase.
        """
        try:
            return len(self._make()) == 1
        except FieldvaultError:
            return False  # it will be an error where the statement runs

    def _make(self) -> list[bytes]:
        tenant = self._binding.tenant_of_scope()
        clock = self._binding.protection().clock
        until = clock.monotonic() + SECONDS
        cipher = self._binding.cipher(tenant)
        found = [one for value in self._values for one in self._searched.index_values(cipher, value)]
        self._made = _Made(tenant, clock, found or [_NO_VALUE], until)
        return self._made.values

    def __repr__(self) -> str:
        return "<Wanted: hidden>"
