"""/vendors: make, find by e-mail, list, reveal one field."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query
from sqlalchemy import select

from customers_api.callers import require_caller
from customers_api.database import Database
from customers_api.messages import NewVendor, Revealed, RevealVendor, SearchVendors, VendorShown
from customers_api.models import Vendor

router = APIRouter(prefix="/vendors", tags=["vendors"], dependencies=[Depends(require_caller)])


@router.post("", status_code=201)
def add(new: NewVendor, session: Database) -> VendorShown:
    vendor = Vendor(**new.model_dump())
    session.add(vendor)
    session.commit()
    return VendorShown.of(vendor)


@router.post("/search")
def search(by: SearchVendors, session: Database) -> list[VendorShown]:
    wanted = select(Vendor).where(Vendor.email == by.email)
    return [VendorShown.of(one) for one in session.scalars(wanted)]


@router.get("")
def page(session: Database, after: UUID | None = None, limit: int = Query(50, ge=1, le=200)) -> list[VendorShown]:
    wanted = select(Vendor).order_by(Vendor.id).limit(limit)
    if after is not None:
        wanted = wanted.where(Vendor.id > after)
    return [VendorShown.of(one) for one in session.scalars(wanted)]


@router.post("/{id}/reveal")
def reveal(id: UUID, wish: RevealVendor, session: Database) -> Revealed:
    found = session.scalars(select(Vendor).where(Vendor.id == id)).one_or_none()
    if found is None:
        raise HTTPException(404, "no such vendor")
    protected: Any = getattr(found, wish.field)
    return Revealed(value=protected.reveal(reason=wish.reason))
