"""The tables. What is `encrypted` is sealed in the database, and protected in memory until it is revealed."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import DateTime, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from customers_api.audit import GATE
from fieldvault import Subject
from fieldvault.access import Protected
from fieldvault.contrib.sqlalchemy import Encrypted, Encryption, encrypted
from fieldvault.masking import DateMask, EmailMask, IbanMask, NameMask, PhoneMask
from fieldvault.normalise import EMAIL, Phone

PERSON = Subject("id", kind="customer")


class Base(DeclarativeBase):
    """All tables."""


class OfTenant:
    """A row of one tenant. Queries see the rows of the scope's tenant only: see `database.py`."""

    tenant: Mapped[str] = mapped_column(String(255), index=True)


class Customer(Encrypted, OfTenant, Base):
    """A person. Sealed under a key of their own, so that they can be erased from every backup."""

    __tablename__ = "customer"
    __encryption__ = Encryption(tenant="tenant", subject=PERSON)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    country: Mapped[str] = mapped_column(String(2))
    erased_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    name: Mapped[Protected[str] | None] = encrypted(type_=str, mask=NameMask(), protected=GATE)
    email: Mapped[Protected[str] | None] = encrypted(
        type_=str, search=EMAIL, unique=True, mask=EmailMask(), protected=GATE
    )
    phone: Mapped[Protected[str] | None] = encrypted(
        type_=str, search=Phone("DE"), mask=PhoneMask(), protected=GATE
    )
    born: Mapped[Protected[date] | None] = encrypted(type_=date, mask=DateMask(), protected=GATE)


class Vendor(Encrypted, OfTenant, Base):
    """A company. Its name is public; where its money goes is not."""

    __tablename__ = "vendor"
    __encryption__ = Encryption(tenant="tenant")

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]
    email: Mapped[Protected[str]] = encrypted(
        type_=str, search=EMAIL, unique=True, mask=EmailMask(), protected=GATE
    )
    iban: Mapped[Protected[str]] = encrypted(type_=str, mask=IbanMask(), protected=GATE)
