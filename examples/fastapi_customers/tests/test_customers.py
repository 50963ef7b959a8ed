from __future__ import annotations

from typing import Any

import pytest

ANN = {
    "country": "DE",
    "name": "Ann Canary",
    "email": "Ann.Canary@Example.com",
    "phone": "+49 170 5551234",
    "born": "1984-05-06",
}
VALUES = ("Canary", "canary", "5551234", "1984-05-06")
MASKED = {
    "country": "DE",
    "erased_at": None,
    "name": "A*** C***",
    "email": "A***@example.com",
    "phone": "***34",
    "born": "1984-***",
}


@pytest.fixture
def ann(client: Any) -> str:
    added = client.post("/customers", json=ANN)
    assert added.status_code == 201, added.text
    return str(added.json()["id"])


def test_in_plain_out_masked_and_stored_sealed(client: Any, ann: str, stored: Any) -> None:
    for path in (f"/customers/{ann}", "/customers"):
        answer = client.get(path)
        shown = answer.json() if isinstance(answer.json(), dict) else answer.json()[0]
        assert shown == {"id": ann, **MASKED}
    assert not any(value in stored("customer") for value in VALUES)


@pytest.mark.parametrize("wanted", [{"email": "ann.canary@EXAMPLE.com"}, {"phone": "0170 / 555 1234"}])
def test_found_in_any_spelling(client: Any, ann: str, wanted: dict[str, str]) -> None:
    found = client.post("/customers/search", json=wanted).json()
    assert [one["id"] for one in found] == [ann]


def test_nobody_else_is_found(client: Any, ann: str) -> None:
    assert client.post("/customers/search", json={"email": "bob@example.com"}).json() == []


def test_two_customers_of_one_tenant_cannot_have_one_address(client: Any, ann: str) -> None:
    again = client.post("/customers", json=ANN)
    assert again.status_code == 409
    assert not any(value in again.text for value in VALUES)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Ann Canary"),
        ("email", "Ann.Canary@example.com"),
        ("phone", "+49 170 5551234"),
        ("born", "1984-05-06"),
    ],
)
def test_a_field_is_revealed_for_a_reason_that_is_recorded(
    client: Any, ann: str, events: Any, field: str, value: str
) -> None:
    revealed = client.post(f"/customers/{ann}/reveal", json={"field": field, "reason": "ticket 4711"})
    assert revealed.json() == {"value": value}
    [event] = events()
    assert (event["action"], event["actor"], event["reason"]) == ("reveal", "ann", "ticket 4711")
    assert (event["details"]["schema"], event["details"]["field"]) == ("customer", field)
    assert value not in str(event)


@pytest.mark.parametrize("reason", ["", "   ", "two\nlines", "x" * 501])
def test_without_a_reason_nothing_is_revealed(client: Any, ann: str, events: Any, reason: str) -> None:
    refused = client.post(f"/customers/{ann}/reveal", json={"field": "email", "reason": reason})
    assert refused.status_code == 422
    assert events() == []


def test_an_erased_person_is_gone_from_the_row_and_from_its_copies(
    client: Any, app: Any, ann: str, stored: Any
) -> None:
    from sqlalchemy import text

    with app.state.engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS backup"))
        connection.execute(text("CREATE TABLE backup AS SELECT * FROM customer WHERE id = :id"), {"id": ann})
    assert client.post(f"/customers/{ann}/erase").json() == {"id": ann, "keys_shredded": 1}
    shown = client.get(f"/customers/{ann}").json()
    assert [shown[name] for name in ("name", "email", "phone", "born")] == [None] * 4
    assert shown["erased_at"] is not None
    assert client.post("/customers/search", json={"email": ANN["email"]}).json() == []

    with app.state.engine.begin() as connection:  # somebody restores the backup
        connection.execute(text("DELETE FROM customer WHERE id = :id"), {"id": ann})
        connection.execute(text("INSERT INTO customer SELECT * FROM backup"))
    restored = client.get(f"/customers/{ann}")
    assert restored.status_code == 410
    assert not any(value in restored.text for value in VALUES)
    others = client.post("/customers", json=ANN | {"email": "bob@example.com"}).json()
    page = {one["id"]: one for one in client.get("/customers").json()}
    assert page[ann] == {"id": ann, "refused": "KeyDestroyed", "stage": "key"}
    assert page[others["id"]] == others  # the rest of the page still loads


def test_the_address_of_an_erased_person_is_free_again(client: Any, ann: str) -> None:
    client.post(f"/customers/{ann}/erase")
    assert client.post("/customers", json=ANN).status_code == 201


@pytest.mark.parametrize(
    "change", [{"email": "ann.canary"}, {"country": "Germany"}, {"phone": "canary"}, {"born": "5551234"}]
)
def test_a_refused_request_is_not_echoed(client: Any, change: dict[str, str]) -> None:
    refused = client.post("/customers", json=ANN | change)
    assert refused.status_code == 422
    assert not any(value in refused.text for value in VALUES)


def test_rows_swapped_behind_the_applications_back_are_refused(client: Any, app: Any, ann: str) -> None:
    from sqlalchemy import text

    bob = client.post("/customers", json=ANN | {"email": "bob@example.com"}).json()["id"]
    with app.state.engine.begin() as connection:
        swap = "UPDATE customer SET email = (SELECT email FROM customer WHERE id = :ann) WHERE id = :bob"
        connection.execute(text(swap), {"ann": ann, "bob": bob})
    assert client.get(f"/customers/{bob}").status_code == 500
    assert client.get(f"/customers/{ann}").json()["email"] == MASKED["email"]
