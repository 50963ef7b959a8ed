"""What a careless or hostile statement tries on sealed columns: it works, or raises before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from plugins.sqlalchemy_kit import Database, cells
from plugins.sqlalchemy_models import Customer, Employee, Order, Person, vendor_table
from sqlalchemy import (
    Integer,
    String,
    bindparam,
    desc,
    func,
    insert,
    intersect,
    literal_column,
    select,
    type_coerce,
    union,
    union_all,
    update,
)
from sqlalchemy.orm import (
    Bundle,
    Session,
    joinedload,
    make_transient,
    selectin_polymorphic,
    with_loader_criteria,
    with_polymorphic,
)

from fieldvault.contrib.sqlalchemy import SealedValue, cipher_of
from fieldvault.errors import FieldvaultError, KeyNotFound, NotIndexable, QueryRefused, ScopeError, WriteRefused
from fieldvault.scoping import switch_scope

table = Customer.__table__


@pytest.fixture
def people(orm: Database) -> Database:
    with orm.session() as session:
        ann = Customer(name="Ann", email="ann@example.com", phone="1", country="UK")
        session.add_all([ann, Customer(name="Bo", email="bo@example.com", phone="2", country="DE")])
        ann.orders = [Order(address="1 High St", plain="kept")]
        session.commit()
    return orm


def by_name(session: Session, name: str) -> Customer:
    return next(one for one in session.scalars(select(Customer)) if one.name == name)


# --- queries ---------------------------------------------------------------------------------

EMAILS = select(Customer.email)
WRONG_ANSWERS: dict[str, Callable[[], Any]] = {
    "order by a name": lambda: EMAILS.order_by("email"),
    "order by a label's name": lambda: select(Customer.email.label("e")).order_by(desc("e")),
    "order by a name from the table": lambda: select(Customer.id).order_by("email"),
    "group by a name": lambda: select(func.count()).select_from(Customer).group_by("email"),
    "IN a subquery of envelopes": lambda: select(Customer.id).where(Customer.country.in_(EMAILS)),
    "= a scalar subquery": lambda: select(Order.id).where(Order.plain == EMAILS.limit(1).scalar_subquery()),
    "join of two tables": lambda: select(table.c.id).join(vendor_table, table.c.email == vendor_table.c.email),
    "UNION": lambda: union(EMAILS, EMAILS),
    "INTERSECT": lambda: intersect(EMAILS, select(Customer.phone)),
    "DISTINCT of a subquery": lambda: select(EMAILS.subquery()).distinct(),
    "envelopes as text": lambda: select(type_coerce(Customer.email, String)),
    "a window": lambda: select(Customer.id, func.row_number().over(order_by=Customer.email)),
    "RETURNING a function": lambda: update(Customer).values(country="x").returning(func.lower(Customer.email)),
    "an aggregate of a subquery": lambda: select(func.max(EMAILS.subquery().c.email)),
}


@pytest.mark.parametrize("name", WRONG_ANSWERS)
def test_what_would_be_answered_wrongly_is_refused(name: str, people: Database) -> None:
    with people.session() as session, pytest.raises(QueryRefused):
        session.execute(WRONG_ANSWERS[name]())


def test_what_tells_rows_apart_by_their_key_works(people: Database) -> None:
    both = select(Customer.id, Customer.email)
    with people.session() as session:
        assert len(session.scalars(select(Customer).distinct()).all()) == 2
        assert len(session.execute(select(table).distinct()).all()) == 2
        assert len(session.execute(union(both, both)).all()) == 2
        assert len(session.execute(union_all(EMAILS, EMAILS)).all()) == 4
        assert session.scalar(select(func.count(Customer.email))) == 2


def test_what_gives_a_column_gives_it_sealed(people: Database) -> None:
    with people.session() as session:
        bundle = session.execute(select(Bundle("b", Customer.email, Customer.country))).all()
        scalar = session.execute(select(EMAILS.limit(1).scalar_subquery())).one()
        assert {type(row.b.email) for row in bundle} == {type(scalar[0])} == {SealedValue}
        changed = session.execute(update(Customer).values(country="x").returning(Customer.email)).all()
        assert {type(row.email) for row in changed} == {SealedValue}


def test_a_statement_finds_the_value_that_it_was_built_with(people: Database) -> None:
    with people.session() as session:
        for name, email in (("Ann", "ann@example.com"), ("Bo", "bo@example.com"), ("Ann", "ANN@example.com")):
            options = with_loader_criteria(Customer, Customer.email == email)
            assert [one.name for one in session.scalars(select(Customer).options(options))] == [name]
            has = select(Order).where(Order.customer.has(email=email))
            assert len(session.scalars(has).all()) == (name == "Ann")
        assert len(session.scalars(select(Customer).where(Customer.email.not_in([]))).all()) == 2
        assert session.scalars(select(Customer).where(Customer.email.in_([]))).all() == []


def test_a_search_by_the_index_column_itself_leaves_no_compiled_statement_for_the_attribute(
    people: Database,
) -> None:
    with people.session() as session:
        [value] = cipher_of(Customer).index_values("phone", "1")
        column = Customer.phone_index  # type: ignore[attr-defined]
        for by_column, by_attribute in (
            (column == value, Customer.phone == "1"),
            (column.in_([value]), Customer.phone.in_(["1"])),
            (column.in_([]), Customer.phone.in_(["1"])),
            (Customer.phone.in_([]), Customer.phone.in_(["1"])),
        ):
            session.get_bind()._compiled_cache.clear()  # type: ignore[union-attr]
            session.scalars(select(Customer).where(by_column)).all()
            assert [one.name for one in session.scalars(select(Customer).where(by_attribute))] == ["Ann"]


def test_not_in_nothing_is_true_of_a_null_too(people: Database) -> None:
    with people.session() as session:
        session.add(Customer(name="none"))
        session.flush()
        assert len(session.scalars(select(Customer).where(Customer.email.not_in([]))).all()) == 3


def test_a_sealed_value_is_not_looked_for(people: Database) -> None:
    with people.session() as session:
        sealed = session.scalars(EMAILS).first()
        with pytest.raises(NotIndexable):
            session.scalars(select(Customer).where(Customer.email == sealed)).all()


# --- writes ----------------------------------------------------------------------------------

LOST: dict[str, Callable[[], Any]] = {
    "into a plain column": lambda: update(Customer).values(country=Customer.email),
    "into a plain column, by a subquery": lambda: update(Order).values(plain=EMAILS.limit(1).scalar_subquery()),
    "INSERT … SELECT into a plain column": lambda: insert(Customer).from_select(
        ["id", "country"], select(Order.customer_id, Order.address)
    ),
    "of the table into the table": lambda: insert(vendor_table).from_select(
        ["id", "iban"], select(table.c.id, table.c.email)
    ),
    "by a parameter of its own": lambda: update(table).values(email=bindparam("given")),
}


@pytest.mark.parametrize("name", LOST)
def test_envelopes_are_not_copied(name: str, people: Database) -> None:
    with people.session() as session:
        with pytest.raises(WriteRefused):
            session.connection().execute(LOST[name](), {"given": None} if "parameter" in name else {})
        session.rollback()
        assert sorted(one.country or "" for one in session.scalars(select(Customer))) == ["DE", "UK"]
        assert session.scalars(select(Order)).one().plain == "kept"


def test_a_write_inside_another_statement_is_refused(people: Database) -> None:
    with people.session() as session:
        if session.get_bind().dialect.name == "sqlite":
            pytest.skip("SQLite has no INSERT or UPDATE in a CTE")
        for inner in (update(Customer).values(email=None), update(Customer).values(name=Customer.phone)):
            with pytest.raises(WriteRefused):
                session.execute(select(inner.returning(Customer.id).cte().c.id))
        session.rollback()
        assert by_name(session, "Ann").email == "ann@example.com"


def test_index_values_are_written_with_their_field_only(people: Database) -> None:
    with people.session() as session:
        key = by_name(session, "Ann").id
        for work in (
            lambda: session.execute(insert(Customer), [{"email_index": b"ann@example.com"}]),
            lambda: session.execute(insert(Customer), [{"email": None, "email_index": b"ann@example.com"}]),
            lambda: session.execute(update(Customer), [{"id": key, "email_index": b"ann@example.com"}]),
        ):
            with pytest.raises(WriteRefused):
                work()
        ann = session.get_one(Customer, key)
        ann.email_index = b"ann@example.com"  # type: ignore[attr-defined]
        with pytest.raises(WriteRefused):
            session.flush()


def test_a_copy_by_a_bulk_method_is_sealed_for_its_own_row(people: Database) -> None:
    with people.session() as session:
        ann = by_name(session, "Ann")
        assert (ann.phone, ann.email) == ("1", "ann@example.com")
        copied = {name: vars(ann)[name] for name in ("name", "phone")}
        session.bulk_insert_mappings(Customer, [copied])
        session.execute(insert(Customer), [copied])
        session.expunge(ann)
        make_transient(ann)
        ann.id, ann.email = uuid4(), "copy@example.com"
        session.bulk_save_objects([ann])
        session.commit()
        assert [one.name for one in session.scalars(select(Customer).where(Customer.phone == "1"))] == ["Ann"] * 4
        assert session.scalars(select(Customer).where(Customer.email == "copy@example.com")).one().name == "Ann"


def test_a_new_object_without_the_attribute_is_not_found_by_its_former_value(people: Database) -> None:
    with people.session() as session:
        ann = by_name(session, "Ann")
        session.refresh(ann, ["phone_index"])
        session.expunge(ann)
        assert (ann.name, ann.email, ann.born, ann.balance) == ("Ann", "ann@example.com", None, None)
        make_transient(ann)
        del ann.phone
        ann.id, ann.email = uuid4(), None
        session.add(ann)
        session.commit()
        assert len(session.scalars(select(Customer).where(Customer.phone == "1")).all()) == 1


def test_bulk_rows_of_a_child_are_bound_to_their_parent(orm: Database) -> None:
    with orm.session() as session:
        session.execute(
            insert(Employee), [{"kind": "employee", "name": f"E{at}", "iban": f"D{at}"} for at in (1, 2)]
        )
        session.bulk_save_objects([Employee(name="E3", iban="D3"), Employee(name="E4", iban="D4")])
        session.bulk_insert_mappings(Employee, [{"kind": "employee", "name": "E5", "iban": "D5"}])  # type: ignore[arg-type]
        session.commit()
        people = session.scalars(select(Employee)).all()
        assert sorted((one.name, one.iban) for one in people) == [(f"E{at}", f"D{at}") for at in range(1, 6)]
        session.execute(update(Employee), [{"id": people[0].id, "name": "new", "iban": "N"}])
        session.commit()
        found = session.scalars(select(Employee).where(Employee.name == "new", Employee.iban == "N")).one()
        assert (found.name, found.iban) == ("new", "N")
        with pytest.raises(WriteRefused):
            session.connection().execute(insert(Employee.__table__), [{"iban": "D"}])


def test_polymorphic_loading(orm: Database) -> None:
    with orm.session() as session:
        session.add_all([Employee(name="E", iban="D"), Person(name="P")])
        session.commit()
        session.expunge_all()
        both = with_polymorphic(Person, "*")
        found = session.scalars(select(both).where((both.Employee.iban == "D") | (both.name == "P"))).all()
        assert sorted((one.name, getattr(one, "iban", None)) for one in found) == [("E", "D"), ("P", None)]
        session.expunge_all()
        also = select(Person).options(selectin_polymorphic(Person, [Employee]))
        assert {getattr(one, "iban", None) for one in session.scalars(also)} == {"D", None}


# --- tenants ---------------------------------------------------------------------------------


def test_an_object_of_one_tenant_is_neither_read_nor_written_for_another(people: Database) -> None:
    with people.session() as session:
        ann = by_name(session, "Ann")
        with switch_scope(tenant="beta"):
            assert session.get(Customer, ann.id) is ann  # the session's own: no query is made
            with pytest.raises(ScopeError):
                _ = ann.name
            with pytest.raises(KeyNotFound):
                _ = ann.email
            ann.name = "Eve"
            with pytest.raises(ScopeError):
                session.flush()
        session.rollback()
        assert by_name(session, "Ann").name == "Ann"
        new = Customer(name="new")
        session.add(new)
        session.flush()
        with switch_scope(tenant="beta"):
            with pytest.raises(ScopeError):
                _ = new.name
            new.phone = "3"
            with pytest.raises(ScopeError):
                session.flush()


def test_another_tenants_row_is_not_overwritten(people: Database) -> None:
    before = cells_of(people)
    with people.session() as session, switch_scope(tenant="beta"):
        for one in session.scalars(select(Customer)):
            one.name = "Eve"
        with pytest.raises(KeyNotFound):
            session.flush()
    assert cells_of(people) == before


def cells_of(orm: Database) -> list[Any]:
    with orm.session() as session:
        return sorted(cells(session, Customer, "name", "email"))


def test_a_stale_second_index_value_is_cleared_by_whoever_writes_the_field(people: Database) -> None:
    """An object that stayed in a session since before a rotation: what it holds of the index columns is old."""
    with people.session(expire_on_commit=False) as session:
        new = Customer(email="new@example.com")
        session.add(new)
        session.commit()
        session.refresh(new, ["email_index_next"])  # NULL, and the object keeps it
        session.commit()
        people.raw("UPDATE customer SET email_index_next = email_index")  # another process, in dual write
        new.email = "changed@example.com"
        session.commit()
        assert people.raw("SELECT email_index_next FROM customer WHERE email_index_next IS NULL") == [(None,)]


def test_what_is_seen_through_a_relationship_is_looked_through_too(people: Database) -> None:
    with people.session() as session:
        statement = select(Customer).options(joinedload(Customer.orders)).order_by(Customer.country)
        assert [one.name for one in session.scalars(statement).unique()] == ["Bo", "Ann"]
        with pytest.raises(FieldvaultError):
            session.execute(select(func.cast(Customer.email, Integer)))
        assert session.scalar(select(literal_column("1")).select_from(Customer).limit(1)) == 1
