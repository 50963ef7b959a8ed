"""/customers: make, find by e-mail or phone, list, reveal one field, erase a person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from sqlalchemy import select

from customers_api.callers import require_caller
from customers_api.database import Database
from customers_api.messages import (
    CustomerShown,
    Erased,
    NewCustomer,
    RevealCustomer,
    Revealed,
    SearchCustomers,
    Unreadable,
)
from customers_api.models import PERSON, Customer
from fieldvault import OpenError, Scope, current_tenant
from fieldvault.keyring import FIELDS_PURPOSE, Keyrings

router = APIRouter(prefix="/customers", tags=["customers"], dependencies=[Depends(require_caller)])


@router.post("", status_code=201)
def add(new: NewCustomer, session: Database) -> CustomerShown:
    """What comes in is never unpacked here: the attributes take it as it is, and seal it."""
    customer = Customer(**new.model_dump())
    session.add(customer)
    session.commit()
    return CustomerShown.of(customer)


@router.post("/search")
def search(by: SearchCustomers, session: Database) -> list[CustomerShown]:
    """By the whole e-mail address or phone number, in any spelling. In the body: URLs are logged everywhere."""
    wanted = select(Customer)
    if by.email is not None:
        wanted = wanted.where(Customer.email == by.email)
    if by.phone is not None:
        wanted = wanted.where(Customer.phone == by.phone)
    if by.email is None and by.phone is None:
        raise HTTPException(422, "search by email or by phone")
    return [CustomerShown.of(one) for one in session.scalars(wanted).all()]


@router.get("")
def page(
    session: Database, after: UUID | None = None, limit: int = Query(50, ge=1, le=200)
) -> list[CustomerShown | Unreadable]:
    """A page, by id. Its values are opened in one batch a field, to be masked. One bad row is one bad row."""
    wanted = select(Customer).order_by(Customer.id).limit(limit)
    if after is not None:
        wanted = wanted.where(Customer.id > after)
    return [_shown(one) for one in session.scalars(wanted).all()]


@router.get("/{id}")
def show(id: UUID, session: Database) -> CustomerShown:
    return CustomerShown.of(_found(session, id))


@router.post("/{id}/reveal")
def reveal(id: UUID, wish: RevealCustomer, session: Database) -> Revealed:
    """One field's value, for a reason that is in the audit log before the value is here."""
    protected: Any = getattr(_found(session, id), wish.field)
    if protected is None:
        raise HTTPException(404, f"there is no {wish.field}")
    return Revealed(value=str(protected.reveal(reason=wish.reason)))


@router.post("/{id}/erase")
def erase(id: UUID, session: Database, request: Request) -> Erased:
    """Shred the person's key, so that copies and backups of the row cannot be opened, and empty the row.

    The key first: if the second step fails, what is left in the row is unreadable already.
    """
    customer = _found(session, id)
    keyrings: Keyrings = request.app.state.keyrings
    shredded = keyrings.keyring(Scope(current_tenant(), FIELDS_PURPOSE)).shred_subjects([f"{PERSON.kind}:{id}"])
    customer.name = customer.email = customer.phone = customer.born = None
    customer.erased_at = datetime.now(UTC)
    session.commit()
    return Erased(id=id, keys_shredded=len(shredded))


def _shown(customer: Customer) -> CustomerShown | Unreadable:
    try:
        return CustomerShown.of(customer)
    except OpenError as error:
        return Unreadable(id=customer.id, refused=type(error).__name__, stage=error.stage.value)


def _found(session: Database, id: UUID) -> Customer:
    found = session.scalars(select(Customer).where(Customer.id == id)).one_or_none()
    if found is None:
        raise HTTPException(404, "no such customer")
    return found
