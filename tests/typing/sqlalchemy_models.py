"""Encrypted attributes as a user writes them: nothing here runs, mypy reads it (`make lint`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import assert_type
from uuid import UUID, uuid4

from sqlalchemy import Engine, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, registry

import fieldvault
from fieldvault import ExactIndex, Keyrings, Subject, Tenancy
from fieldvault.access import AccessGate
from fieldvault.codec import PadTo
from fieldvault.contrib.sqlalchemy import (
    CutOver,
    DualWrite,
    Encrypted,
    Encryption,
    SealedSoFar,
    SealedValue,
    backfill,
    encrypted,
    encrypted_columns,
    protect,
)
from fieldvault.masking import EmailMask
from fieldvault.normalise import EMAIL, NAME, TEXT


class Base(DeclarativeBase):
    pass


class Customer(Encrypted, Base):
    __tablename__ = "customer"
    __encryption__ = Encryption(
        name="customer", tenant="owner", subject=Subject("person", kind="person"), row_id="id"
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    owner: Mapped[str]
    person: Mapped[int]
    email: Mapped[str] = encrypted(search=EMAIL, unique=True)
    name: Mapped[str | None] = encrypted(
        "full_name", search=[ExactIndex(NAME, name="folded"), ExactIndex(TEXT, name="as_written")]
    )
    born: Mapped[date | None] = encrypted(padding=PadTo(16), seal_null=True, deferred=True)
    old: Mapped[str | None]
    new: Mapped[str | None] = encrypted(migrating=DualWrite(plain="old"))


class Login(Encrypted, Base):
    __tablename__ = "login"
    __encryption__ = Encryption(tenancy=Tenancy.GLOBAL)
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = encrypted(search=EMAIL, row_bound=False, migrating=CutOver(plain="email_plain"))
    email_plain: Mapped[str | None]


def use(engine: Engine, keyrings: Keyrings, gate: AccessGate) -> None:
    protect(Base, keyrings)
    with fieldvault.scope(tenant="acme"), Session(engine) as session:
        found = session.scalars(select(Customer).where(Customer.email == "ann@example.com")).one()
        assert_type(found.email, str)
        assert_type(found.born, date | None)
        assert_type(
            session.scalars(select(Customer).where(Customer.email.in_(["a@b.c"]))).all(), Sequence[Customer]
        )
        session.execute(insert(Customer), [{"email": "ann@example.com"}])
    assert_type(backfill(engine, Customer.new, batch=100), SealedSoFar)
    encrypted(mask=EmailMask(), protected=gate, nullable=False)


async def use_asyncio(session: AsyncSession) -> Customer | None:
    return (await session.scalars(select(Customer).where(Customer.email.is_not(None)))).first()


def imperative(mapping: registry, value: SealedValue) -> Table:
    assert_type(repr(value), str)
    return Table("vendor", mapping.metadata, *encrypted_columns("email", str, search=EMAIL, unique=True))
