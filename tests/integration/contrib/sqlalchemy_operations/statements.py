"""Statements that write, and tenants."""

from __future__ import annotations

import copy

from integration.contrib.sqlalchemy_operations.base import found, nothing_written, operation, refused, stored
from plugins.sqlalchemy_kit import cells, new_id, reread
from plugins.sqlalchemy_models import Customer, Note, Order, Secret, Vendor
from sqlalchemy import (
    LargeBinary,
    delete,
    func,
    insert,
    literal,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import (
    Session,
)
from sqlalchemy.orm.exc import StaleDataError

from fieldvault.errors import ScopeError, WriteRefused
from fieldvault.scoping import switch_scope


@operation("`session.execute(insert(Model), rows)`")
def bulk_insert(session: Session) -> None:
    rows = [{"name": f"n{at}", "email": f"{at}@example.com" if at % 2 else None} for at in range(4)]
    given = copy.deepcopy(rows)
    session.execute(insert(Customer), rows)
    session.execute(insert(Customer), {"name": "one"})
    session.commit()
    assert rows == given
    assert found(session) == ["n0", "n1", "n2", "n3", "one"]
    assert found(session, Customer.email == "3@example.com") == ["n3"]
    returned = session.scalars(insert(Customer).returning(Customer), [{"name": "r1"}, {"name": "r2"}]).all()
    assert sorted(one.name or "" for one in returned) == ["r1", "r2"]
    session.execute(insert(Secret), [{"hidden": None, "anywhere": "x"}])
    assert cells(session, Secret, "hidden")[0][0] is not None
    session.execute(insert(Order), [{"customer_id": returned[0].id, "address": "1 High St"}])
    assert session.scalars(select(Order)).one().address == "1 High St"


@operation("`bulk_insert_mappings`, `bulk_save_objects` of new objects")
def legacy_bulk_insert(session: Session) -> None:
    session.bulk_insert_mappings(Customer, [{"name": "n1", "email": "1@example.com"}, {"name": "n2"}])
    session.bulk_save_objects([Customer(name="n3", email="3@example.com"), Customer(name="n4")])
    session.commit()
    assert found(session) == ["n1", "n2", "n3", "n4"]
    assert found(session, Customer.email.in_(["1@example.com", "3@example.com"])) == ["n1", "n3"]


@operation("`insert(table)` with rows as parameters")
def core_insert(session: Session) -> None:
    session.connection().execute(insert(Customer.__table__), [{"name": "n1", "email": "1@example.com"}])
    assert found(session, Customer.email == "1@example.com") == ["n1"]


@operation("`insert(Model).values(…)` with a sealed attribute")
def insert_values(session: Session) -> None:
    refused(WriteRefused, lambda: session.execute(insert(Customer).values(name="n1")))
    refused(WriteRefused, lambda: session.execute(insert(Customer).values([{"name": "n1"}, {"name": "n2"}])))
    refused(WriteRefused, lambda: session.execute(insert(Customer.__table__).values(name="n1")))
    nothing_written(session)


@operation("`insert().from_select` into a sealed attribute")
def from_select(session: Session) -> None:
    source = select(Customer.id, Customer.name)
    refused(WriteRefused, lambda: session.execute(insert(Customer).from_select(["id", "name"], source)))
    refused(WriteRefused, lambda: session.execute(insert(Vendor).from_select(["id", "iban"], source)))
    session.execute(insert(Customer).from_select(["id", "country"], select(Vendor.id, literal("UK"))))


@operation("`on_conflict_do_update` of a sealed attribute")
def upsert(session: Session) -> None:
    from sqlalchemy.dialects import postgresql, sqlite

    made = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = made(Customer)
    update_it = new.on_conflict_do_update(index_elements=["email_index"], set_={"name": new.excluded.name})
    rows = [{"name": "n1", "email": "1@example.com"}]
    refused(WriteRefused, lambda: session.execute(update_it, rows))
    for _ in range(2):
        session.execute(made(Customer).on_conflict_do_nothing(index_elements=["email_index"]), rows)
    assert found(session, Customer.email == "1@example.com") == ["n1"]


@operation("`session.execute(update(Model), rows)`, `bulk_update_mappings`, by primary key")
def bulk_update(session: Session) -> None:
    ann = stored(session)
    key = ann.id
    session.execute(update(Customer), [{"id": key, "email": "new@example.com", "country": "UK"}])
    session.commit()
    assert (ann.email, ann.name, ann.country) == ("new@example.com", "Ann Li", "UK")
    assert found(session, Customer.email == "new@example.com") == ["Ann Li"]
    assert found(session, Customer.email == "ann@example.com") == []
    session.bulk_update_mappings(Customer, [{"id": key, "email": None, "name": "Ann Ek"}])  # type: ignore[arg-type]
    session.commit()
    assert (ann.email, ann.name) == (None, "Ann Ek")
    assert cells(session, Customer, "email_index") == [(None,)]
    ann.name = "Ann Bulk"
    session.bulk_save_objects([ann])
    session.commit()
    assert reread(session, Customer, key).name == "Ann Bulk"


@operation("the same for a model with `row_id`")
def bulk_update_row_id(session: Session) -> None:
    ann = stored(session)
    ann.orders = [Order(address="1 High St")]
    session.commit()
    key = ann.orders[0].id
    refused(WriteRefused, lambda: session.execute(update(Order), [{"id": key, "address": "2 High St"}]))
    session.rollback()
    assert reread(session, Order, key).address == "1 High St"


@operation("`update(Model).values(…)` of a sealed attribute")
def update_values(session: Session) -> None:
    ann = stored(session)
    key = ann.id
    for statement in (
        update(Customer).where(Customer.id == key).values(name="x"),
        update(Customer).values(name=Customer.phone),
        update(Customer).values(name=func.lower("x")),
        update(Customer).values({"email_index": b"x"}),
        update(Customer.__table__).values(name="x"),
        update(Customer).values(id=new_id()),
    ):
        refused(WriteRefused, lambda statement=statement: session.execute(statement), statement)
    session.rollback()
    assert reread(session, Customer, key).name == "Ann Li"


@operation("`update(Model).values(attribute=None)`")
def update_to_null(session: Session) -> None:
    stored(session)
    session.execute(update(Customer).values(email=None))
    assert cells(session, Customer, "email", "email_index", "email_index_next") == [(None, None, None)]


@operation("`update`, `delete` of other attributes where a sealed one is compared")
def by_criteria(session: Session) -> None:
    ann = stored(session)
    assert ann.country is None
    session.execute(update(Customer).where(Customer.email == "ann@example.com").values(country="UK"))
    assert ann.country == "UK"
    session.execute(delete(Customer).where(Customer.email == "nobody@example.com"))
    assert found(session) == ["Ann Li"]
    session.execute(delete(Customer).where(Customer.email == "ann@example.com"))
    assert found(session) == []


@operation("write a `SealedValue` of another row")
def stolen(session: Session) -> None:
    stored(session)
    value = session.scalars(select(Customer.name)).one()
    refused(WriteRefused, lambda: session.execute(insert(Customer), [{"name": value}]))


@operation(
    "`update(Model).values(other=Model.attribute)`, `insert().from_select` of a sealed attribute "
    "into a plain column, INSERT or UPDATE in a CTE"
)
def copied(session: Session) -> None:
    stored(session)
    source = select(Customer.id, Customer.name)
    refused(WriteRefused, lambda: session.execute(update(Customer).values(country=Customer.name)))
    refused(WriteRefused, lambda: session.execute(insert(Note).from_select(["id", "owner"], source)))
    inner = update(Customer).values(email=None).returning(Customer.id).cte()
    refused(WriteRefused, lambda: session.execute(select(inner.c.id)))
    session.rollback()
    assert found(session, Customer.email == "ann@example.com") == ["Ann Li"]


@operation("raw envelopes: `type_coerce(Model.attribute, LargeBinary)`, `text()`")
def raw(session: Session) -> None:
    stored(session)
    [(envelope,)] = session.execute(select(type_coerce(Customer.name, LargeBinary)))
    assert bytes(envelope)[0] == 1


@operation("a row of another tenant")
def other_tenant(session: Session) -> None:
    session.add_all([Note(text="ours"), Note(owner="acme", text="ours too")])
    session.commit()
    assert {one.owner for one in session.scalars(select(Note))} == {"acme"}
    assert session.scalars(select(Note).where(Note.text == "ours")).one().text == "ours"
    session.add(Note(owner="beta", text="theirs"))
    refused(ScopeError, session.flush)
    session.rollback()
    with switch_scope(tenant="beta"):
        theirs = Note(text="theirs")
        session.add(theirs)
        session.commit()
        key = theirs.id
    refused(StaleDataError, lambda: session.execute(update(Note), [{"id": key, "text": "ours"}]))
    session.rollback()
    with switch_scope(tenant="beta"):
        assert session.get_one(Note, key).text == "theirs"
