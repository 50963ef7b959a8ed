"""A canary as every value: it shows in no echo, error, repr, compiled statement or pickle."""

from __future__ import annotations

import logging
import pickle
import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from plugins.secrecy import found_in, shown_by
from plugins.sqlalchemy_kit import Database
from plugins.sqlalchemy_models import Base, Contact, Customer, Order, Secret
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, lazyload

import fieldvault
from fieldvault.access import AccessGate, anyone
from fieldvault.audit import MemoryAudit
from fieldvault.contrib.sqlalchemy import encrypted
from fieldvault.contrib.sqlalchemy.table_binding import TableBinding

CANARY = f"canary-{uuid.uuid4().hex}"
SECRETS = [CANARY]


def customer() -> Customer:
    return Customer(name=CANARY, email=f"{CANARY}@example.com", phone=CANARY, photo=CANARY.encode())


def failing(session: Session) -> list[Callable[[], object]]:
    """Statements and flushes that end in an error."""
    row = {"name": CANARY, "email": f"{CANARY}@example.com"}
    connection = session.connection()

    def flushed(*objects: object) -> None:
        session.add_all(objects)
        session.flush()

    return [
        lambda: flushed(customer()),  # not unique
        lambda: flushed(Customer(email=CANARY)),  # no address
        lambda: flushed(Customer(born=CANARY)),  # another type
        lambda: flushed(Customer(name=CANARY), Customer(name=CANARY, balance=CANARY)),
        lambda: flushed(Order(address=CANARY)),  # no customer
        lambda: flushed(Customer(name=func.lower(CANARY))),
        lambda: session.execute(insert(Customer), [row, row]),
        lambda: session.execute(insert(Customer).values(name=CANARY)),
        lambda: session.execute(insert(Customer).values([row, row])),
        lambda: session.execute(update(Customer).values(name=CANARY)),
        lambda: session.execute(update(Order), [{"id": 1, "address": CANARY}]),
        lambda: connection.execute(insert(Customer.__table__).values(name=CANARY)),
        lambda: session.scalars(select(Customer).where(Customer.email == CANARY)).all(),
        lambda: session.scalars(select(Customer).where(Customer.email.in_([CANARY]))).all(),
        lambda: select(Customer).where(Customer.email == bindparam("wanted", CANARY)),
        lambda: Customer.email.like(CANARY),
        lambda: Customer.email < CANARY,
        lambda: CANARY + Customer.email,
        lambda: Customer.name == CANARY,
        lambda: Customer.phone.not_in([CANARY, None]),
        lambda: session.execute(select(Customer).order_by(func.coalesce(Customer.phone, CANARY))),
        lambda: session.execute(select(Customer).where(Customer.phone == CANARY, func.no_such_function() == 1)),
    ]


def test_nothing_shows_the_canary(orm: Database, caplog: pytest.LogCaptureFixture) -> None:
    orm.engine.echo = "debug"
    shown: list[str] = []
    try:
        with caplog.at_level(logging.DEBUG), orm.session() as session:
            session.add(customer())
            session.commit()
            one = session.scalars(select(Customer).where(Customer.email == f"{CANARY}@example.com")).one()
            assert one.name == CANARY
            one.phone = f"{CANARY}2"
            session.execute(insert(Customer), [{"name": CANARY}])
            session.execute(insert(Secret), {"hidden": CANARY, "anywhere": CANARY})
            session.commit()
            for at in range(len(failing(session))):
                with pytest.raises((SQLAlchemyError, fieldvault.FieldvaultError)) as raised:
                    failing(session)[at]()
                session.rollback()
                shown.append(shown_by(raised.value))
            query = select(Customer).where(Customer.email == f"{CANARY}@example.com", Customer.phone.in_([CANARY]))
            compiled = query.compile(orm.engine)
            shown += [str(query), repr(query), str(compiled), repr(compiled.params)]
            shown += [repr(one) for one in session.execute(select(Customer.name, Customer.email, Customer.phone))]
            shown += [repr(session.scalars(select(Customer)).all()), repr(Contact(email=CANARY))]
            loaded = session.scalars(select(Customer).options(lazyload("*"))).all()
            _ = [(one.name, one.photo) for one in loaded]
            shown.append(pickle.dumps(loaded).decode("latin-1"))
            shown += [repr(inspected(one)) for one in loaded]
            shown += [repr(Base.metadata.info), repr(Customer.__table__), repr(Customer.__mapper__)]
    finally:
        orm.engine.echo = False
    shown += [f"{one.getMessage()} {one.args!r} {one.exc_text}" for one in caplog.records]
    assert len(caplog.records) > 20
    assert [text for text in shown if found_in(text, SECRETS)] == []


def inspected(one: Any) -> list[Any]:
    state = one._sa_instance_state
    return [state.committed_state, state.info, vars(one), [attribute.history for attribute in state.attrs]]


def test_a_protected_attribute_is_masked_until_a_reason_is_given(orm: Database) -> None:
    audit = MemoryAudit()
    declared = encrypted(type_=str, protected=AccessGate(audit, policy=anyone))
    TableBinding.of(Customer.__table__).declared["name"].protected = declared.column.type.declaration.protected
    try:
        with orm.session() as session:
            session.add(Customer(name=CANARY, born=date(2000, 1, 1)))
            session.commit()
            one = session.scalars(select(Customer)).one()
            assert CANARY not in f"{one.name} {one.name!r}"
            assert one.name.reveal(reason="ticket 1") == CANARY
            assert [event.action for event in audit.events] == ["reveal"]
            one.name = one.name
            session.commit()
            assert one.name.reveal(reason="ticket 2") == CANARY
    finally:
        TableBinding.of(Customer.__table__).declared["name"].protected = None
