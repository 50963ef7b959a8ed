"""Who may see values: a function that the application gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RevealRequest:
    """Somebody wants to see values of one field. Holds no value.

    `tenant` is whose values they are, None where they are global. `actor` is whom the scope names, None where it
    names nobody.
    """

    tenant: str | None
    schema: str
    field: str
    actor: str | None
    reason: str


class RevealPolicy(Protocol):
    """Says who may see what: any function of a request."""

    def __call__(self, request: RevealRequest) -> bool:
        """True, and nothing else that counts as true, to let it pass."""


def named_actors(request: RevealRequest) -> bool:
    """Whoever the application has named, by `scope(tenant=…, actor=…)`: an event accounts for nobody otherwise."""
    return request.actor is not None


def anyone(request: RevealRequest) -> bool:  # noqa: ARG001 - whoever it is
    """Every caller who gives a reason, named or not."""
    return True
