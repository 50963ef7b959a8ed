"""Models with encrypted attributes, of every kind of mapping, for the tests of the ORM."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar
from uuid import UUID, uuid4

from sqlalchemy import Column, ForeignKey, Table, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column, registry, relationship

from fieldvault.contrib.sqlalchemy import Encrypted, Encryption, encrypted, encrypted_columns
from fieldvault.normalise import EMAIL, TEXT
from fieldvault.schema import Subject, Tenancy


class Base(DeclarativeBase):
    pass


class Customer(Encrypted, Base):
    __tablename__ = "customer"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str | None] = encrypted()
    email: Mapped[str | None] = encrypted(search=EMAIL, unique=True)
    phone: Mapped[str | None] = encrypted(search=TEXT)
    born: Mapped[date | None] = encrypted()
    balance: Mapped[Decimal | None] = encrypted()
    photo: Mapped[bytes | None] = encrypted(deferred=True)
    country: Mapped[str | None]
    orders: Mapped[list[Order]] = relationship(back_populates="customer")


class Order(Encrypted, Base):
    """Its key is drawn by the database, so its values are bound to `row_id`."""

    __tablename__ = "customer_order"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    address: Mapped[str | None] = encrypted(search=TEXT)
    plain: Mapped[str | None]
    customer: Mapped[Customer] = relationship(back_populates="orders")


class Person(Encrypted, Base):
    __tablename__ = "person"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[str]
    name: Mapped[str | None] = encrypted(search=TEXT)
    __mapper_args__: ClassVar = {"polymorphic_on": "kind", "polymorphic_identity": "person"}


class Employee(Person):
    """Joined inheritance: a table of its own."""

    __tablename__ = "employee"
    id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    iban: Mapped[str | None] = encrypted(search=TEXT)
    __mapper_args__: ClassVar = {"polymorphic_identity": "employee"}


class Patient(Person):
    """Single-table inheritance: columns in its parent's table."""

    diagnosis: Mapped[str | None] = encrypted()
    __mapper_args__: ClassVar = {"polymorphic_identity": "patient"}


class Note(Encrypted, Base):
    """The row says whose it is."""

    __tablename__ = "note"
    __encryption__ = Encryption(tenant="owner")
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    owner: Mapped[str]
    text: Mapped[str | None] = encrypted(search=TEXT)


class Visit(Encrypted, Base):
    """Each person's values are under that person's key."""

    __tablename__ = "visit"
    __encryption__ = Encryption(subject=Subject("person_id", kind="person"))
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    person_id: Mapped[int]
    finding: Mapped[str | None] = encrypted()


class Login(Encrypted, Base):
    __tablename__ = "login"
    __encryption__ = Encryption(tenancy=Tenancy.GLOBAL)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str] = encrypted(search=EMAIL, unique=True)


class Secret(Encrypted, Base):
    __tablename__ = "secret"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    hidden: Mapped[str | None] = encrypted(seal_null=True)
    anywhere: Mapped[str | None] = encrypted(row_bound=False)


class DataBase(MappedAsDataclass, DeclarativeBase):
    metadata = Base.metadata


class Contact(Encrypted, DataBase):
    __tablename__ = "contact"
    id: Mapped[UUID] = mapped_column(primary_key=True, default_factory=uuid4, init=False)
    email: Mapped[str] = encrypted(search=EMAIL)


mapper_registry = registry(metadata=Base.metadata)
vendor_table = Table(
    "vendor",
    mapper_registry.metadata,
    Column("id", Uuid, primary_key=True, default=uuid4),
    *encrypted_columns("email", search=EMAIL, unique=True),
    *encrypted_columns("iban"),
)


class Vendor:
    def __init__(self, email: str, iban: str) -> None:
        self.email = email
        self.iban = iban


mapper_registry.map_imperatively(Vendor, vendor_table)
