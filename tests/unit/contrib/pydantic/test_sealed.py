from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from plugins.secrecy import found_in, shown_by
from pydantic import BaseModel, ConfigDict, EmailStr, Field, TypeAdapter, ValidationError
from sqlmodel import SQLModel

from fieldvault import PlainField, RecordCipher, Schema, SealedField
from fieldvault.access import AccessGate, InputPlace, Protected, ProtectedRecords, anyone
from fieldvault.audit import MemoryAudit
from fieldvault.contrib.pydantic import Sealed, SealedAs, SealedModel
from fieldvault.errors import RevealRefused
from fieldvault.masking import EmailMask, LastMask
from fieldvault.scoping import scope
from fieldvault.testing import memory_keyrings

EMAIL = "ann.canary@example.com"
CANARY = "ann.canary"


class Customer(SealedModel):
    name: str
    email: Annotated[Sealed[EmailStr], SealedAs(EmailMask())]
    iban: Annotated[Sealed[str], SealedAs(LastMask(4)), Field(description="where to pay")] | None = None
    limit: Sealed[int] | None = None
    aliases: list[Sealed[EmailStr]] = Field(default_factory=list)


class Bare(BaseModel):
    name: str
    email: Sealed[EmailStr]


@pytest.fixture
def ann() -> Customer:
    return Customer.model_validate(
        {"name": "Ann", "email": EMAIL, "iban": "DE89370400440532013000", "limit": 5, "aliases": [EMAIL]}
    )


def test_an_input_is_validated_as_its_type_and_held_protected(ann: Customer) -> None:
    assert isinstance(ann.email, Protected)
    assert ann.email.value_to_seal(InputPlace()) == EMAIL
    assert Customer(name="Ann", email="ann@EXAMPLE.com").email.value_to_seal(InputPlace()) == "ann@example.com"  # type: ignore[arg-type]


def test_nothing_of_it_is_serialised_or_printed(ann: Customer) -> None:
    shown = "\n".join(
        [
            repr(ann),
            str(ann),
            f"{ann.email}",
            str(ann.model_dump()),
            ann.model_dump_json(),
            str(ann.model_dump(mode="json")),
        ]
    )
    assert found_in(shown, [CANARY, "3704004405320130"]) == []
    assert json.loads(ann.model_dump_json()) == {
        "name": "Ann",
        "email": "a***@example.com",
        "iban": "***3000",
        "limit": "***",
        "aliases": ["***"],
    }


def test_a_python_dump_keeps_the_protected_so_that_no_mask_is_stored(ann: Customer) -> None:
    assert ann.model_dump()["email"] is ann.email
    assert Customer.model_validate(ann.model_dump()) == ann


def test_an_input_is_sealed_by_assigning_it() -> None:
    schema = Schema("customer", [PlainField("id", int), SealedField("email", mask=EmailMask())], row_id="id")
    records = ProtectedRecords(RecordCipher(schema, memory_keyrings(), tenant="acme"), AccessGate(MemoryAudit()))
    sealed = records.seal(
        {"id": 1, **Bare.model_validate({"name": "Ann", "email": EMAIL}).model_dump(exclude={"name"})}
    )
    assert records.cipher.open(sealed) == {"id": 1, "email": EMAIL}
    opened = records.open(sealed)
    shown = Bare(name="Ann", email=opened["email"])
    assert shown.email is opened["email"]
    assert '"a***@example.com"' in shown.model_dump_json()  # the field's own mask


def test_an_input_is_revealed_only_through_a_gate_declared_for_it(ann: Customer) -> None:
    with pytest.raises(RevealRefused, match="gate") as caught:
        ann.email.reveal(reason="ticket")
    assert found_in(shown_by(caught.value), [CANARY]) == []

    audit = MemoryAudit()

    class Order(SealedModel):
        email: Annotated[Sealed[str], SealedAs(gate=AccessGate(audit, policy=anyone))]

    with scope(tenant="acme", actor="ann"):
        assert Order(email=EMAIL).email.reveal(reason="send the receipt") == EMAIL  # type: ignore[arg-type]
    [event] = audit.events
    assert (event.tenant, event.actor, event.reason) == ("acme", "ann", "send the receipt")


WRONG: list[tuple[type[BaseModel], Any]] = [
    (Customer, {"name": "Ann", "email": CANARY}),
    (Customer, {"name": "Ann", "email": [CANARY]}),
    (Customer, {"email": EMAIL}),
    (Customer, {"name": "Ann", "email": EMAIL, "limit": CANARY}),
    (Customer, {"name": "Ann", "email": EMAIL, "aliases": [EMAIL, CANARY]}),
    (Customer, [EMAIL]),
    (Customer, EMAIL),
    (Bare, {"name": "Ann", "email": CANARY}),
    (Bare, {"name": "Ann", "email": {"at": CANARY}}),
]


@pytest.mark.parametrize(("model", "wrong"), WRONG)
def test_no_validation_error_shows_the_input(model: type[BaseModel], wrong: Any) -> None:
    for validate in (model.model_validate, lambda given: model.model_validate_json(json.dumps(given))):
        with pytest.raises(ValidationError) as caught:
            validate(wrong)
        error = caught.value
        lines = error.errors()
        shown = "\n".join(
            [
                shown_by(error),
                str(lines),
                error.json(),
                *[str(getattr(one["input"], "_given", "")) for one in lines],
            ]
        )
        assert found_in(shown, [CANARY]) == []
        assert error.title == model.__name__


def test_text_that_is_no_json_is_not_quoted() -> None:
    with pytest.raises(ValidationError) as caught:
        Customer.model_validate_json(f'{{"email": "{EMAIL}')
    assert found_in(shown_by(caught.value) + str(caught.value.errors()), [CANARY]) == []


def test_an_error_says_where_and_what_kind() -> None:
    with pytest.raises(ValidationError) as caught:
        Customer.model_validate({"name": "Ann", "email": EMAIL, "aliases": [EMAIL, 7]})
    [line] = caught.value.errors()
    assert line == {
        "type": "sealed_value",
        "loc": ("aliases", 1),
        "msg": "not a valid value: string_type",
        "input": "***",
    }


def test_the_json_schema_takes_the_type_and_gives_a_masked_string() -> None:
    taken, given = (Customer.model_json_schema(mode=mode)["properties"] for mode in ("validation", "serialization"))
    assert taken["email"] == {"type": "string", "format": "email", "title": "Email"}
    assert taken["iban"]["anyOf"][0] == {"type": "string", "format": "sealed", "description": "where to pay"}
    assert taken["limit"]["anyOf"][0] == {"type": "integer"}
    assert given["email"] == {"type": "string", "format": "masked", "title": "Email"}
    assert given["limit"]["anyOf"][0] == {"type": "string", "format": "masked"}


def test_other_pydantic_ways_in_and_out() -> None:
    class Row:
        name, email = "Ann", EMAIL

    class FromRow(Bare):
        model_config = ConfigDict(from_attributes=True, validate_assignment=True)

    one = FromRow.model_validate(Row())
    assert isinstance(one.email, Protected)
    one.email = "bob@example.com"  # type: ignore[assignment]
    assert isinstance(one.email, Protected)
    assert one.model_copy(deep=True).email is one.email
    sealed: TypeAdapter[list[Protected[int]]] = TypeAdapter(list[Sealed[int]])
    assert sealed.dump_json(sealed.validate_json("[1, 2]")) == b'["***","***"]'


def test_sqlmodel_takes_it() -> None:
    class Vendor(SQLModel):
        name: str
        email: Annotated[Sealed[EmailStr], SealedAs(EmailMask())]

    vendor = Vendor.model_validate({"name": "Ann", "email": EMAIL})
    assert json.loads(vendor.model_dump_json())["email"] == "a***@example.com"
    assert found_in(repr(vendor) + str(vendor.model_dump()), [CANARY]) == []
