"""The scope that the running code is in: one `ContextVar`, and a chain of what was entered.

Rules of this folder:

1. A scope adds and never replaces: inside one tenant, another tenant is refused, and so is another actor. Only
   `switch_scope` replaces, and its name says so.
2. Without a tenant there is an error, never a default.
3. A thread starts without a scope. An asyncio task starts with the scope that it was made in, and keeps it.
4. A scope that ends out of order, as those of suspended generators do, is dead wherever it is still held. What was
   around it counts again; nobody is left in a tenant whose block has ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from fieldvault.core.context import Scope, encode_name
from fieldvault.errors import SchemaError, ScopeError


@dataclass(frozen=True, slots=True)
class Acting:
    """For which tenant the code runs, and who runs it. `tenant` None: nobody has said so, or the data is global.

    Raises `ScopeError` for a malformed tenant or actor: 1 to 255 bytes of UTF-8, no control characters.
    """

    tenant: str | None
    actor: str | None

    def __post_init__(self) -> None:
        if self.tenant is not None:
            Scope(self.tenant, "fields")  # the tenant's one rule is there
        if self.actor is not None:
            try:
                encode_name(self.actor, "actor")
            except SchemaError as error:
                raise ScopeError(error.message) from None


class Entered:
    """One entry into a scope; `outer` is what it was entered from."""

    __slots__ = ("acting", "ended", "outer")

    def __init__(self, acting: Acting, outer: Entered | None) -> None:
        self.acting = acting
        self.outer = outer
        self.ended = False


_innermost: ContextVar[Entered | None] = ContextVar("fieldvault.scope", default=None)


def current_acting() -> Acting | None:
    """Tenant and actor of the scope that this code is in; None outside every scope."""
    entered = _live()
    return None if entered is None else entered.acting


def current_tenant() -> str:
    """The tenant of the scope that this code is in. Raises `ScopeError` when there is none."""
    acting = current_acting()
    if acting is None or acting.tenant is None:
        raise ScopeError(
            "no tenant: this code runs outside every scope",
            hint="with fieldvault.scope(tenant=…): … ; a new thread starts without one, see carry_scope",
        )
    return acting.tenant


def current_actor() -> str | None:
    """Who is acting, as the application said; None where it did not."""
    acting = current_acting()
    return None if acting is None else acting.actor


def enter(acting: Acting) -> Entered:
    """From here on, `acting` is current in this context."""
    entered = Entered(acting, _live())
    _innermost.set(entered)
    return entered


def leave(entered: Entered) -> None:
    """End an entry, in order or not (rule 4)."""
    if _innermost.get() is entered:
        # Not marked as ended: a task that was made inside works for this tenant until it is done.
        _innermost.set(entered.outer)
    else:
        entered.ended = True


@contextmanager
def replaced(acting: Acting | None) -> Iterator[None]:
    """`acting` and nothing else, for as long as the block; then what was there before."""
    before = _innermost.get()
    _innermost.set(None if acting is None else Entered(acting, None))
    try:
        yield
    finally:
        _innermost.set(before)


def _live() -> Entered | None:
    entered = _innermost.get()
    while entered is not None and entered.ended:
        entered = entered.outer
    return entered
