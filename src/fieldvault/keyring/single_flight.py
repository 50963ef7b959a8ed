"""Many threads that need the same cold thing: one fetches, the others wait for what it got."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

from fieldvault.errors import FieldvaultError, KekError, KeyStoreError

Result = TypeVar("Result")


class SingleFlight(Generic[Result]):
    """At most one call at a time for each name.

    An outage (`KekError`, `KeyStoreError`) is shared with those who waited, so a dead KEK is not asked once for
    each thread in turn. Any other end of the leader (a refusal of its own request, Ctrl-C, a bug) is its own:
    those who waited get None and try for themselves.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[Hashable, Future[Result | FieldvaultError | None]] = {}

    def do(self, name: Hashable, fetch: Callable[[], Result]) -> Result | None:
        """`fetch()`, or what the call under way for `name` returns or raises; None if that ended otherwise."""
        with self._lock:
            flight = self._flights.get(name)
            leader = flight is None
            if flight is None:
                flight = self._flights[name] = Future()
        if not leader:
            landed = flight.result()
            if isinstance(landed, FieldvaultError):
                raise landed.copy()  # its own, so that threads do not share a traceback
            return landed
        outcome: Result | FieldvaultError | None = None
        try:
            result = outcome = fetch()
        except (KekError, KeyStoreError) as error:
            outcome = error.copy()
            raise
        finally:
            with self._lock:
                del self._flights[name]
            flight.set_result(outcome)
        return result

    def after_fork_in_child(self) -> None:
        """The leaders of the parent do not run here."""
        self._lock = threading.Lock()
        self._flights = {}
