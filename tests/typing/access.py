"""Type-checks as a user would: scopes, masks, protected values, Pydantic. Nothing here runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, assert_type

from fieldvault import RecordCipher, SealedField, current_tenant, scope
from fieldvault.access import (
    AccessGate,
    AuditedRecords,
    Place,
    Protected,
    ProtectedRecords,
    RevealPolicy,
    RevealRequest,
    anyone,
    masked_json,
    named_actors,
    reveal_many,
)
from fieldvault.audit import MemoryAudit
from fieldvault.contrib.pydantic import Sealed, SealedAs, SealedModel
from fieldvault.errors import AccessError, ProtectedMisused, ReasonRefused, RevealRefused
from fieldvault.masking import CustomMask, EmailMask, LastMask, Mask
from fieldvault.scoping import (
    Acting,
    AsgiScope,
    WsgiScope,
    acting_as,
    carry_scope,
    carry_scope_steps,
    current_acting,
    current_actor,
    switch_scope,
)


@scope(tenant="acme")
def decorated(number: int) -> str:
    return f"{current_tenant()}-{number}"


@scope(tenant="acme")
async def steps() -> AsyncIterator[int]:
    yield 1


def scopes() -> None:
    assert_type(decorated(7), str)
    assert_type(steps(), AsyncIterator[int])
    with scope(tenant="acme", actor="ann") as acting:
        assert_type(acting, Acting)
    with acting_as("ann"), switch_scope(tenant="beta"):
        assert_type(current_tenant(), str)
        assert_type(current_actor(), str | None)
        assert_type(current_acting(), Acting | None)
    with ThreadPoolExecutor() as pool:
        assert_type(list(pool.map(carry_scope(decorated), [1, 2])), list[str])
    rows: Iterator[str] = carry_scope_steps(["a"])
    next(rows)


def middlewares(wsgi: Any, asgi: Any) -> None:
    async def tenant_of_connection(connection: Any) -> str | None:
        return None

    WsgiScope(wsgi, lambda environ: str(environ["HTTP_HOST"]), actor_of=lambda environ: None)
    AsgiScope(asgi, tenant_of_connection, actor_of=lambda connection: "ann")


def support(request: RevealRequest) -> bool:
    return request.actor == "support"


def protected(cipher: RecordCipher, sealed: dict[str, Any]) -> None:
    policies: list[RevealPolicy] = [support, anyone, named_actors]
    gate = AccessGate(MemoryAudit(), policy=policies[0], openings=MemoryAudit())
    mask: Mask = EmailMask(domain="hidden")
    SealedField("email", mask=mask)
    email = Protected("ann@example.com", Place("acme", "customer", "email", LastMask(4)), gate)
    assert_type(email, Protected[str])
    assert_type(email.reveal(reason="ticket"), str)
    assert_type(email.masked, str)
    assert_type(reveal_many([email, None], reason="export"), list[str | None])
    assert_type(masked_json(email), str)
    assert_type(ProtectedRecords(cipher, gate).open(sealed), dict[str, Any])
    AuditedRecords(cipher, gate).open_many([sealed], reason="export")
    CustomMask(lambda text: text[:2]).mask(7)
    refusals: list[type[AccessError]] = [ProtectedMisused, ReasonRefused, RevealRefused]
    refusals.clear()


class Customer(SealedModel):
    email: Annotated[Sealed[str], SealedAs(EmailMask())]
    limit: Sealed[int] | None = None


def models(customer: Customer) -> None:
    assert_type(customer.email.reveal(reason="ticket"), str)
    assert_type(customer.limit, Protected[int] | None)
