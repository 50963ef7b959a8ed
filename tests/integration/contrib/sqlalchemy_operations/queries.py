"""Queries."""

from __future__ import annotations

from integration.contrib.sqlalchemy_operations.base import found, operation, refused, stored
from plugins.sqlalchemy_models import Customer, Order, Secret
from sqlalchemy import (
    LargeBinary,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import (
    Session,
    aliased,
)

from fieldvault.contrib.sqlalchemy import SealedValue
from fieldvault.errors import QueryRefused


@operation("`==`, `!=`, `in_`, `not_in`, `filter_by`")
def equality(session: Session) -> None:
    session.add_all([Customer(name=f"n{at}", email=f"{at}@example.com", phone=str(at)) for at in range(3)])
    session.add(Customer(name="none"))
    session.commit()
    assert found(session, Customer.email == "1@EXAMPLE.com") == ["n1"]
    assert found(session, Customer.phone != "1") == ["n0", "n2"]
    assert found(session, Customer.phone.in_(["0", "2"])) == ["n0", "n2"]
    assert found(session, Customer.phone.in_([])) == []
    assert found(session, Customer.phone.not_in(["0"])) == ["n1", "n2"]
    assert found(session, (Customer.phone == "0") | (Customer.email == "2@example.com")) == ["n0", "n2"]
    assert found(session, ~(Customer.phone == "0")) == ["n1", "n2"]
    assert session.scalars(select(Customer).filter_by(phone="2")).one().name == "n2"


@operation("`is_(None)`, `== None`, `is_not(None)`")
def null(session: Session) -> None:
    session.add_all([Customer(name="has", phone="1"), Customer(name="lacks")])
    session.commit()
    assert found(session, Customer.phone.is_(None)) == ["lacks"]
    assert found(session, Customer.phone == None) == ["lacks"]  # noqa: E711
    assert found(session, Customer.phone.is_not(None)) == ["has"]
    assert found(session, Customer.born.is_(None)) == ["has", "lacks"]
    refused(QueryRefused, lambda: select(Secret).where(Secret.hidden.is_(None)))


@operation("joins, aliases, subqueries, CTEs, EXISTS, UNION")
def composition(session: Session) -> None:
    ann = stored(session)
    ann.orders = [Order(address="1 High St")]
    session.commit()
    joined = select(Order).join(Order.customer).where(Customer.email == "ann@example.com")
    assert session.scalars(joined).one().address == "1 High St"
    other = aliased(Customer)
    assert session.scalars(select(other).where(other.email == "ann@example.com")).one().name == "Ann Li"
    sub = select(Customer).subquery()
    assert len(session.execute(select(sub.c.id).where(sub.c.email == "ann@example.com")).all()) == 1
    over = aliased(Customer, sub)
    assert session.scalars(select(over).where(over.email == "ann@example.com")).one().email == "Ann@Example.com"
    cte = select(Customer.id, Customer.email, Customer.email_index).cte()
    assert len(session.execute(select(cte.c.id).where(cte.c.email == "ann@example.com")).all()) == 1
    narrow = select(Customer.id, Customer.email).subquery()
    refused(QueryRefused, lambda: narrow.c.email == "ann@example.com")
    exists = select(Customer).where(Customer.orders.any(Order.address == "1 High St"))
    assert session.scalars(exists).one().name == "Ann Li"
    both = select(Customer).where(Customer.email == "ann@example.com").union_all(select(Customer))
    assert [one.name for one in session.scalars(select(Customer).from_statement(both))] == ["Ann Li", "Ann Li"]
    nested = select(Customer).where(Customer.id.in_(select(Customer.id).where(Customer.email == "ann@example.com")))
    assert session.scalars(nested).one().name == "Ann Li"


@operation("`select(Model.attribute)`, `select(table)`")
def columns(session: Session) -> None:
    stored(session)
    value = session.scalars(select(Customer.email)).one()
    assert type(value) is SealedValue
    assert "select the object" in str(value)
    row = session.execute(select(Customer.__table__)).one()
    assert type(row.email) is SealedValue
    labelled = session.execute(select(Customer.email.label("mail"))).one()
    assert type(labelled.mail) is SealedValue


@operation("`like`, `<`, `between`, `startswith`, `+`")
def comparisons(session: Session) -> None:
    for work in (
        lambda: Customer.email.like("ann%"),
        lambda: Customer.email.ilike("ann%"),
        lambda: Customer.email.startswith("ann"),
        lambda: Customer.email.contains("ann"),
        lambda: Customer.email.regexp_match("ann"),
        lambda: Customer.email < "ann",
        lambda: Customer.email.between("a", "b"),
        lambda: Customer.email + "x",
        lambda: "x" + Customer.email,
        lambda: Customer.email.concat("x"),
        lambda: Customer.email.is_distinct_from("x"),
        lambda: Customer.email.collate("C"),
        lambda: Customer.email.in_(select(Order.address)),
        lambda: Customer.phone.not_in(["x", None]),
    ):
        refused(QueryRefused, work)


@operation("`order_by`, `group_by`, `distinct`, functions, `cast`, `case`")
def computing(session: Session) -> None:
    stored(session)
    refused(QueryRefused, lambda: Customer.email.desc())
    for statement in (
        select(Customer).order_by(Customer.email),
        select(Customer.country).group_by(Customer.email),
        select(Customer.email).distinct(),
        select(Customer).where(func.lower(Customer.email) == "x"),
        select(func.max(Customer.email)),
        select(cast(Customer.email, LargeBinary)),
        select(case((Customer.country == "UK", Customer.email), else_=literal(None))),
        select(select(Customer).order_by(Customer.email).limit(1).subquery()),
    ):
        refused(QueryRefused, lambda statement=statement: session.execute(statement), statement)
    assert session.scalar(select(func.count(Customer.email))) == 1
    assert session.scalar(select(func.count()).select_from(Customer)) == 1


@operation("compare an attribute that has no index")
def no_index(session: Session) -> None:
    refused(QueryRefused, lambda: Customer.name == "Ann Li")


@operation("compare with a column or a `bindparam`")
def expressions(session: Session) -> None:
    refused(QueryRefused, lambda: session.execute(select(Customer).where(Customer.email == Customer.phone)))
    refused(QueryRefused, lambda: Customer.email == bindparam("wanted"))
    refused(QueryRefused, lambda: Customer.email == func.lower("x"))


@operation("literal binds in a compiled statement")
def literals(session: Session) -> None:
    statement = insert(Customer).values(name="canary")
    shown = str(statement.compile(compile_kwargs={"literal_binds": True}))
    assert "canary" not in shown
    refused(DBAPIError, lambda: session.execute(text(shown)))
