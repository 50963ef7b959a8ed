"""Reading objects."""

from __future__ import annotations

import copy
import pickle

from integration.contrib.sqlalchemy_operations.base import operation, refused, stored
from plugins.sqlalchemy_kit import statements
from plugins.sqlalchemy_models import Customer, Employee, Order, Patient, Person, Vendor
from sqlalchemy import (
    select,
)
from sqlalchemy.orm import (
    Session,
    defer,
    joinedload,
    load_only,
    selectinload,
    undefer,
)

from fieldvault.errors import PendingNotPickled


@operation("`select(Model)`, `session.get`")
def read(session: Session) -> None:
    key = stored(session, born=None, photo=b"\x00\xff").id
    session.expunge_all()
    ann = session.get_one(Customer, key)
    assert (ann.name, ann.email, ann.born, ann.photo) == ("Ann Li", "Ann@Example.com", None, b"\x00\xff")


@operation("`refresh`, `expire`, `populate_existing`")
def refresh(session: Session) -> None:
    ann = stored(session)
    assert ann.name == "Ann Li"
    session.refresh(ann)
    assert ann.name == "Ann Li"
    session.refresh(ann, ["name"])
    assert ann.name == "Ann Li"
    session.expire(ann)
    assert ann.name == "Ann Li"
    session.expire(ann, ["email"])
    assert ann.email == "Ann@Example.com"
    ann.country = "UK"
    session.flush()
    [again] = session.scalars(select(Customer).execution_options(populate_existing=True))
    assert (again.name, again.email, again.country) == ("Ann Li", "Ann@Example.com", "UK")


@operation("`deferred`, `defer`, `undefer`, `load_only`")
def deferred(session: Session) -> None:
    stored(session, photo=b"jpeg")
    session.expunge_all()
    [ann] = session.scalars(select(Customer))
    assert "photo" not in vars(ann)
    assert ann.photo == b"jpeg"
    session.expunge_all()
    [ann] = session.scalars(select(Customer).options(defer(Customer.email), undefer(Customer.photo)))
    assert (ann.photo, ann.email) == (b"jpeg", "Ann@Example.com")
    session.expunge_all()
    [ann] = session.scalars(select(Customer).options(load_only(Customer.name)))
    session.add(Order(customer=ann, address="1 High St"))
    session.commit()
    session.expunge_all()
    [ann] = session.scalars(select(Customer).options(load_only(Customer.name)))
    [order] = session.scalars(select(Order).options(load_only(Order.address)))
    with statements(session) as seen:
        assert (ann.name, order.address) == ("Ann Li", "1 High St")
    assert seen == []


@operation("`yield_per`, `stream`")
def yield_per(session: Session) -> None:
    session.add_all([Customer(name=f"n{at}") for at in range(25)])
    session.commit()
    rows = session.scalars(select(Customer).execution_options(yield_per=10))
    assert sorted(one.name or "" for one in rows) == sorted(f"n{at}" for at in range(25))


@operation("`with_for_update`")
def for_update(session: Session) -> None:
    stored(session)
    [ann] = session.scalars(select(Customer).where(Customer.email == "ann@example.com").with_for_update())
    assert ann.name == "Ann Li"


@operation("relationships: lazy, `joinedload`, `selectinload`")
def relationships(session: Session) -> None:
    ann = stored(session)
    ann.orders = [Order(address="1 High St"), Order(address="2 High St")]
    session.commit()
    for option in (joinedload(Customer.orders), selectinload(Customer.orders)):
        session.expunge_all()
        [ann] = session.scalars(select(Customer).options(option)).unique()
        with statements(session) as seen:
            assert sorted(one.address or "" for one in ann.orders) == ["1 High St", "2 High St"]
        assert seen == []
    session.expunge_all()
    [order] = session.scalars(select(Order).where(Order.address == "2 High St"))
    assert order.customer.email == "Ann@Example.com"


@operation("inheritance: joined, single-table")
def inheritance(session: Session) -> None:
    session.add_all([Person(name="P"), Employee(name="E", iban="DE1"), Patient(name="Q", diagnosis="flu")])
    session.commit()
    people = {one.name: one for one in session.scalars(select(Person))}
    assert people["E"].iban == "DE1"
    assert people["Q"].diagnosis == "flu"
    [employee] = session.scalars(select(Employee).where(Employee.name == "E", Employee.iban == "DE1"))
    assert employee.iban == "DE1"
    employee.iban, employee.name = "DE2", "E2"
    session.commit()
    assert (employee.iban, employee.name) == ("DE2", "E2")
    assert session.scalars(select(Patient).where(Patient.name == "Q")).one().diagnosis == "flu"


@operation("imperative mapping")
def imperative(session: Session) -> None:
    session.add(Vendor("v@example.com", "DE9"))
    session.commit()
    [vendor] = session.scalars(select(Vendor).where(Vendor.email == "V@example.com"))  # type: ignore[arg-type]
    assert (vendor.email, vendor.iban) == ("v@example.com", "DE9")


@operation("a detached object")
def detached(session: Session) -> None:
    stored(session)
    session.expunge_all()
    ann = session.scalars(select(Customer)).one()
    session.expunge(ann)
    assert ann.name == "Ann Li"


@operation("`pickle` and `copy` of an object")
def pickled(session: Session) -> None:
    stored(session, name="Ann Pickle")
    session.expunge_all()
    ann = session.scalars(select(Customer)).one()
    assert ann.name == "Ann Pickle"
    for data in (pickle.dumps(ann), pickle.dumps(copy.copy(ann))):
        assert b"Ann Pickle" not in data
    assert pickle.loads(pickle.dumps(ann)).name == "Ann Pickle"
    ann.name = "not sealed yet"
    refused(PendingNotPickled, lambda: pickle.dumps(ann))
