from __future__ import annotations

from typing import Annotated

import pytest
from fastapi import FastAPI
from plugins.asgi_client import AsgiClient
from pydantic import EmailStr

from fieldvault import PlainField, RecordCipher, Schema, SealedField, current_tenant
from fieldvault.access import AccessGate, ProtectedRecords
from fieldvault.audit import MemoryAudit
from fieldvault.contrib.pydantic import Sealed, SealedAs, SealedModel
from fieldvault.masking import EmailMask
from fieldvault.scoping import AsgiScope
from fieldvault.testing import memory_keyrings

EMAIL = "ann.canary@example.com"
SCHEMA = Schema("customer", [PlainField("id", int), SealedField("email", mask=EmailMask())], row_id="id")


class Customer(SealedModel):
    id: int
    email: Annotated[Sealed[EmailStr], SealedAs(EmailMask())]


@pytest.fixture
def audit() -> MemoryAudit:
    return MemoryAudit()


@pytest.fixture
def client(audit: MemoryAudit) -> AsgiClient:
    app, keyrings, gate, table = FastAPI(), memory_keyrings(), AccessGate(audit), {}

    def records() -> ProtectedRecords:
        return ProtectedRecords(RecordCipher(SCHEMA, keyrings, tenant=current_tenant()), gate)

    @app.post("/customers")
    def add(customer: Customer) -> Customer:
        table[customer.id] = records().seal(customer.model_dump())
        return customer

    @app.get("/customers/{number}")
    async def show(number: int) -> Customer:
        return Customer(**records().open(table[number]))

    @app.post("/customers/{number}/reveal")
    def reveal(number: int, reason: str) -> str:
        email: str = records().open(table[number])["email"].reveal(reason=reason)
        return email

    def header(name: bytes) -> object:
        return lambda connection: dict(connection["headers"]).get(name, b"").decode() or None

    return AsgiClient(AsgiScope(app, header(b"tenant"), actor_of=header(b"actor")))  # type: ignore[arg-type]


def test_in_sealed_and_out_masked(client: AsgiClient, audit: MemoryAudit) -> None:
    acme = {"tenant": "acme", "actor": "ann"}
    added = client.post("/customers", json={"id": 1, "email": EMAIL}, headers=acme)
    assert added.json() == {"id": 1, "email": "a***@example.com"}
    assert client.get("/customers/1", headers=acme).json() == added.json()
    assert audit.events == []
    assert client.post("/customers/1/reveal?reason=ticket", headers=acme).json() == EMAIL
    assert [(event.action, event.tenant, event.actor) for event in audit.events] == [("reveal", "acme", "ann")]


@pytest.mark.parametrize(
    "wrong", [{"id": "x", "email": EMAIL}, {"email": EMAIL}, {"id": 1, "email": "ann.canary"}, [EMAIL]]
)
def test_a_refused_request_is_not_echoed(client: AsgiClient, wrong: object) -> None:
    refused = client.post("/customers", json=wrong, headers={"tenant": "acme"})
    assert refused.status_code == 422
    assert "ann.canary" not in refused.text


def test_the_published_schema_says_masked(client: AsgiClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["Customer-Input"]["properties"]["email"]["format"] == "email"
    assert schemas["Customer-Output"]["properties"]["email"]["format"] == "masked"
