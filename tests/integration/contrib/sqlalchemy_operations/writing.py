"""Writing objects."""

from __future__ import annotations

from integration.contrib.sqlalchemy_operations.base import found, nothing_written, operation, refused, stored
from plugins.sqlalchemy_kit import cells, new_id, reread, statements
from plugins.sqlalchemy_models import Customer, Visit
from sqlalchemy import (
    func,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import (
    Session,
    make_transient,
)

from fieldvault.errors import RowIdChanged, WriteRefused


@operation("`session.add`, `add_all`, `commit`")
def add(session: Session) -> None:
    session.add_all([Customer(name=f"n{at}", email=f"{at}@example.com") for at in range(3)])
    session.commit()
    assert found(session) == ["n0", "n1", "n2"]
    assert all(
        bytes(name)[0] == 1 and b"n" + bytes([48]) not in bytes(name)
        for (name,) in cells(session, Customer, "name")
    )


@operation("set an attribute of a loaded object")
def change(session: Session) -> None:
    ann = stored(session)
    ann.email = "new@example.com"
    assert ann.email == "new@example.com"
    session.commit()
    assert ann.email == "new@example.com"
    assert found(session, Customer.email == "new@example.com") == ["Ann Li"]
    assert found(session, Customer.email == "ann@example.com") == []


@operation("set an attribute to the value it has")
def same_value(session: Session) -> None:
    ann = stored(session)
    assert ann.name == "Ann Li"
    before = cells(session, Customer, "name")
    ann.name = "Ann Li"
    assert ann.name == "Ann Li"
    with statements(session) as seen:
        session.flush()
    assert seen == []
    assert cells(session, Customer, "name") == before


@operation("set an attribute to None")
def set_none(session: Session) -> None:
    ann = stored(session)
    ann.email = None
    session.commit()
    assert ann.email is None
    assert cells(session, Customer, "email", "email_index") == [(None, None)]


@operation("set an attribute to an SQL expression")
def set_expression(session: Session) -> None:
    session.add(Customer(name=func.lower("ANN")))
    refused(WriteRefused, session.flush)
    nothing_written(session)


@operation("two rows with an equal `unique` value")
def unique(session: Session) -> None:
    stored(session)
    session.add(Customer(email="ANN@example.com"))
    refused(IntegrityError, session.flush)


@operation("change the primary key, the row id, the subject")
def change_identity(session: Session) -> None:
    ann = stored(session)
    ann.id = new_id()
    refused(RowIdChanged, session.flush)
    session.rollback()
    visit = Visit(person_id=1, finding="well")
    session.add(visit)
    session.commit()
    visit.person_id = 2
    refused(RowIdChanged, session.flush)


@operation("`merge`")
def merge(session: Session) -> None:
    ann = stored(session)
    key = ann.id
    session.expunge_all()
    merged = session.merge(Customer(id=key, name="Ann Ek", email="ek@example.com"))
    assert merged.name == "Ann Ek"
    session.commit()
    assert found(session, Customer.email == "ek@example.com") == ["Ann Ek"]
    session.expunge(merged := reread(session, Customer, key))
    again = session.merge(merged)
    session.commit()
    assert (again.name, again.email) == ("Ann Ek", "ek@example.com")
    fresh = session.merge(Customer(name="Bo", email="bo@example.com"))
    session.commit()
    assert reread(session, Customer, fresh.id).email == "bo@example.com"


@operation("`make_transient` and a new key: a copy of a row")
def clone(session: Session) -> None:
    ann = stored(session)
    assert ann.name is not None
    assert ann.email is not None
    session.expunge(ann)
    make_transient(ann)
    ann.id, ann.email = None, "second@example.com"
    session.add(ann)
    session.commit()
    assert reread(session, Customer, ann.id).name == "Ann Li"
    assert found(session) == ["Ann Li", "Ann Li"]


@operation("savepoints")
def savepoints(session: Session) -> None:
    ann = stored(session)
    with session.begin_nested() as nested:
        ann.email = "gone@example.com"
        session.flush()
        nested.rollback()
    assert ann.email == "Ann@Example.com"
    with session.begin_nested():
        ann.email = "kept@example.com"
    session.commit()
    assert found(session, Customer.email == "kept@example.com") == ["Ann Li"]


@operation("`session.delete`")
def delete_object(session: Session) -> None:
    session.delete(stored(session))
    session.commit()
    assert found(session) == []
