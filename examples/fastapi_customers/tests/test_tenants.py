from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from api_client import Client

ANN = {"country": "DE", "name": "Ann Canary", "email": "ann.canary@example.com"}
ACME = {"name": "ACME GmbH", "email": "pay@acme.example", "iban": "DE89370400440532013000"}


@pytest.fixture
def stranger(app: Any) -> Client:
    return Client(app, "no-such-key")


@pytest.fixture
def neighbour(app: Any, client: Client) -> Client:
    """A caller of another tenant."""
    mine = client.headers["X-Api-Key"].partition("-")[0]
    return Client(app, "tenant0-jo" if mine != "tenant0" else "tenant1-jo")


def test_strangers_see_that_it_is_up_and_nothing_else(stranger: Client) -> None:
    assert stranger.get("/health").json() == "up"
    for path in ("/customers", "/vendors"):
        assert stranger.get(path).status_code == 401
        assert stranger.post(path, json=ANN).status_code == 401


def test_no_tenant_reaches_anothers_rows(client: Client, neighbour: Client, events: Any) -> None:
    customer = client.post("/customers", json=ANN | {"email": "only@here.example"}).json()["id"]
    vendor = client.post("/vendors", json=ACME).json()["id"]
    assert neighbour.get(f"/customers/{customer}").status_code == 404
    assert (
        neighbour.post(f"/customers/{customer}/reveal", json={"field": "email", "reason": "x"}).status_code == 404
    )
    assert neighbour.post(f"/customers/{customer}/erase").status_code == 404
    assert neighbour.post(f"/vendors/{vendor}/reveal", json={"field": "iban", "reason": "x"}).status_code == 404
    assert client.post("/customers/search", json={"email": "only@here.example"}).json()[0]["id"] == customer
    assert neighbour.post("/customers/search", json={"email": "only@here.example"}).json() == []
    assert customer not in neighbour.get("/customers").text
    assert events() == []


def test_two_tenants_may_have_the_same_customer_and_their_indexes_do_not_join(
    client: Client, neighbour: Client, app: Any
) -> None:
    from sqlalchemy import text

    same = ANN | {"email": "both@example.com"}
    rows = [one.post("/customers", json=same).json()["id"] for one in (client, neighbour)]
    with app.state.engine.connect() as connection:
        found = "SELECT DISTINCT email_index FROM customer WHERE CAST(id AS text) IN (:one, :two)"
        assert len(connection.execute(text(found), {"one": rows[0], "two": rows[1]}).all()) == 2


def test_vendors(client: Client, stored: Any, events: Any) -> None:
    added = client.post("/vendors", json=ACME).json()
    assert (added["name"], added["email"], added["iban"]) == ("ACME GmbH", "p***@acme.example", "DE***3000")
    assert client.get("/vendors").json() == [added]
    assert client.post("/vendors/search", json={"email": "PAY@acme.example"}).json() == [added]
    assert "ACME GmbH" in stored("vendor")
    assert "532013000" not in stored("vendor")
    wish = {"field": "iban", "reason": "invoice 12"}
    assert client.post(f"/vendors/{added['id']}/reveal", json=wish).json() == {"value": ACME["iban"]}
    assert [event["details"]["field"] for event in events()] == ["iban"]


def test_requests_of_two_tenants_at_once_do_not_mix(client: Client, neighbour: Client) -> None:
    def work(number: int) -> bool:
        caller = (client, neighbour)[number % 2]
        address = f"{number}@{caller.headers['X-Api-Key']}.example.com"
        added = caller.post("/customers", json=ANN | {"email": address})
        found = caller.post("/customers/search", json={"email": address}).json()
        return added.status_code == 201 and [one["id"] for one in found] == [added.json()["id"]]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(24)))
