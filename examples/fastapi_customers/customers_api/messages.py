"""What is taken and what is given. `Sealed` fields are validated as usual, and serialised as their mask."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import EmailStr, Field

from customers_api.models import Customer, Vendor
from fieldvault.contrib.pydantic import Sealed, SealedModel

Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]
ShortText = Annotated[str, Field(min_length=1, max_length=200)]


class NewCustomer(SealedModel):
    country: Country
    name: Sealed[ShortText]
    email: Sealed[EmailStr]
    phone: Sealed[ShortText] | None = None
    born: Sealed[date] | None = None


class CustomerShown(SealedModel):
    """A customer with every sealed field masked."""

    id: UUID
    country: str
    erased_at: datetime | None
    name: Sealed[str] | None
    email: Sealed[str] | None
    phone: Sealed[str] | None
    born: Sealed[date] | None

    @classmethod
    def of(cls, customer: Customer) -> Self:
        """Reads the attributes by itself: what one raises stays what it is. Raises `OpenError`."""
        return cls.model_validate({name: getattr(customer, name) for name in cls.model_fields})


class Unreadable(SealedModel):
    """In the place of a row that does not open: erased and restored, or altered in the database."""

    id: UUID
    refused: str
    stage: str


class NewVendor(SealedModel):
    name: ShortText
    email: Sealed[EmailStr]
    iban: Sealed[ShortText]


class VendorShown(SealedModel):
    """A vendor with every sealed field masked."""

    id: UUID
    name: str
    email: Sealed[str]
    iban: Sealed[str]

    @classmethod
    def of(cls, vendor: Vendor) -> Self:
        """Raises `OpenError`."""
        return cls.model_validate({name: getattr(vendor, name) for name in cls.model_fields})


class SearchCustomers(SealedModel):
    email: EmailStr | None = None
    phone: ShortText | None = None


class SearchVendors(SealedModel):
    email: EmailStr


class RevealCustomer(SealedModel):
    field: Literal["name", "email", "phone", "born"]
    reason: str


class RevealVendor(SealedModel):
    field: Literal["email", "iban"]
    reason: str


class Revealed(SealedModel):
    """The one answer that holds a value."""

    value: str


class Erased(SealedModel):
    id: UUID
    keys_shredded: int
