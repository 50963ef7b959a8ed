"""Encrypted attributes under attack and under load: on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from plugins.sqlalchemy_kit import TENANT, Database, async_engine, statements
from plugins.sqlalchemy_models import Base, Contact, Customer, Login, Note, Order, Person, Visit
from sqlalchemy import event, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

import fieldvault
from fieldvault import Scope
from fieldvault.contrib.sqlalchemy import protect, schema_of
from fieldvault.errors import (
    AuthenticationFailed,
    BatchError,
    ConfigurationError,
    KeyDestroyed,
    KeyNotFound,
    NotIndexable,
    QueryRefused,
    ScopeError,
    ValueRefused,
)
from fieldvault.ports import IndexPhase
from fieldvault.rotation import Backfill, IndexedTable, IndexRotation
from fieldvault.scoping import switch_scope
from fieldvault.testing import FakeClock, memory_keyrings

VALUES = [
    "",
    "\x00",
    "a\x00b",
    "żółć 🦉 \u202eabc",
    "e\u0301",
    "x" * 100_000,
    " ",
    "NULL",
    "'; DROP TABLE customer; --",
]


def add_people(orm: Database, count: int = 3) -> list[Any]:
    with orm.session() as session:
        people = [Customer(name=f"n{at}", email=f"{at}@example.com", phone=str(at)) for at in range(count)]
        session.add_all(people)
        session.commit()
        return [one.id for one in people]


def open_or_error(read: Any) -> Any:
    try:
        return read()
    except fieldvault.FieldvaultError as error:
        return type(error)


@pytest.mark.parametrize("value", [*VALUES, None], ids=range(len(VALUES) + 1))
def test_a_value_comes_back(orm: Database, value: str | None) -> None:
    with orm.session() as session:
        session.add(Customer(name=value, phone=value, photo=None if value is None else value.encode()))
        session.commit()
        one = session.scalars(select(Customer)).one()
        assert (one.name, one.phone, one.photo) == (value, value, None if value is None else value.encode())
        if value is not None:
            assert session.scalars(select(Customer).where(Customer.phone == value)).one() is one


def test_swapped_rows_are_refused_and_the_rest_of_the_page_loads(orm: Database) -> None:
    add_people(orm, 4)
    orm.raw("UPDATE customer SET name = (SELECT name FROM customer ORDER BY id LIMIT 1)")
    with orm.session() as session:
        people = session.scalars(select(Customer).order_by(Customer.id)).all()
        results = [open_or_error(lambda one=one: one.name) for one in people]
        assert results.count(AuthenticationFailed) == 3
        assert results[0] in {"n0", "n1", "n2", "n3"}
        assert [open_or_error(lambda one=one: one.name) for one in people] == results
        assert sorted(one.phone or "" for one in people) == ["0", "1", "2", "3"]
        with pytest.raises(AuthenticationFailed) as raised:
            _ = people[1].name
        assert raised.value.field == "name"


def test_a_value_in_another_column_is_refused(orm: Database) -> None:
    add_people(orm, 1)
    orm.raw("UPDATE customer SET name = phone")
    with orm.session() as session, pytest.raises(AuthenticationFailed):
        _ = session.scalars(select(Customer)).one().name


def test_a_failed_value_can_be_replaced(orm: Database) -> None:
    add_people(orm, 2)
    orm.raw("UPDATE customer SET name = phone")
    with orm.session() as session:
        for one in session.scalars(select(Customer)).all():
            one.name = "mended"
        session.commit()
        assert {one.name for one in session.scalars(select(Customer))} == {"mended"}


def test_other_keys_are_a_typed_error_on_access(orm: Database) -> None:
    add_people(orm, 2)
    orm.new_keys()
    with orm.session() as session:
        people = session.scalars(select(Customer)).all()
        assert len(people) == 2
        assert [open_or_error(lambda one=one: one.name) for one in people] == [KeyNotFound] * 2
        assert session.scalars(select(Customer).where(Customer.phone == "1")).all() == []


def test_a_shredded_person_is_gone_and_the_others_open(orm: Database) -> None:
    with orm.session() as session:
        session.add_all([Visit(person_id=at % 3, finding=f"f{at}") for at in range(6)])
        session.commit()
        orm.keyrings.keyring(Scope(TENANT, "fields")).shred_subjects(["person:1"])
        session.expire_all()
        results = [open_or_error(lambda one=one: one.finding) for one in session.scalars(select(Visit))]
        assert results.count(KeyDestroyed) == 2
        assert len([one for one in results if one is not KeyDestroyed]) == 4


def test_another_tenant_finds_and_opens_nothing(orm: Database) -> None:
    [key] = add_people(orm, 1)
    statement = select(Customer).where(Customer.phone == "0")
    with orm.session() as session:
        assert session.scalars(statement).one().id == key
        with switch_scope(tenant="beta"):
            assert session.scalars(statement).all() == []  # the same statement, and the same compiled one
            session.expire_all()
            with pytest.raises(KeyNotFound):
                _ = session.get_one(Customer, key).name
        assert session.get_one(Customer, key).name == "n0"


def test_a_rows_own_tenant_opens_it_and_no_other(orm: Database) -> None:
    with Session(orm.engine) as session:
        session.add_all([Note(owner="acme", text="a"), Note(owner="beta", text="b")])
        session.commit()
        assert {one.text for one in session.scalars(select(Note))} == {"a", "b"}
        session.expire_all()
        with fieldvault.scope(tenant="acme"):
            notes = {one.owner: one for one in session.scalars(select(Note))}
            assert notes["acme"].text == "a"
            with pytest.raises(ScopeError):
                _ = notes["beta"].text
            notes["beta"].text = "mine"
            with pytest.raises(ScopeError):
                session.flush()


def test_without_a_scope_there_is_a_typed_error(orm: Database) -> None:
    add_people(orm, 1)
    with Session(orm.engine) as session:
        with pytest.raises(ScopeError):
            session.scalars(select(Customer).where(Customer.phone == "0")).all()
        with pytest.raises(ScopeError):
            _ = session.scalars(select(Customer)).one().name
        session.add(Customer(name="x"))
        with pytest.raises(ScopeError):
            session.flush()
        session.rollback()
        session.add(Login(email="a@example.com"))  # global: no tenant, no scope
        session.commit()
        assert session.scalars(select(Login).where(Login.email == "A@example.com")).one().email == "a@example.com"


def test_without_keyrings_there_is_a_typed_error(orm: Database) -> None:
    del Base.metadata.info["fieldvault"]
    with orm.session() as session, pytest.raises(ConfigurationError):
        session.scalars(select(Customer).where(Customer.phone == "0")).all()


def test_what_cannot_be_sealed_or_looked_for_is_a_typed_error(orm: Database) -> None:
    with orm.session() as session:
        session.add(Customer(email="no address"))
        with pytest.raises(NotIndexable):
            session.flush()
        session.rollback()
        session.add_all([Customer(name=7), Customer(name="good")])
        with pytest.raises(BatchError) as raised:
            session.flush()
        assert [type(one) for one in raised.value.failures.values()] == [ValueRefused]
        session.rollback()
        with pytest.raises(NotIndexable):
            session.scalars(select(Customer).where(Customer.email == "no address")).all()
        assert session.scalars(select(Customer)).all() == []


def test_eight_threads_on_a_cold_keyring(orm: Database) -> None:
    keys = add_people(orm, 8)
    orm.protect()
    before = orm.kek.unwrap_calls

    def read(key: Any) -> Any:
        with orm.session() as session:
            found = session.scalars(select(Customer).where(Customer.phone.in_([str(at) for at in range(8)]))).all()
            return len(found), session.get_one(Customer, key).name

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(read, keys))
    assert results == [(8, f"n{at}") for at in range(8)]
    assert orm.kek.unwrap_calls - before <= 2  # one for the fields' key, one for the index's


def test_two_hundred_tasks_on_a_cold_keyring(orm: Database) -> None:
    keys = add_people(orm, 20)
    orm.protect()
    before = orm.kek.unwrap_calls

    async def read(engine: Any, at: int) -> Any:
        with fieldvault.scope(tenant=TENANT):
            async with AsyncSession(engine) as session:
                one = await session.get_one(Customer, keys[at % 20])
                await session.refresh(one)
                return one.name == f"n{at % 20}"

    async def read_all() -> list[bool]:
        engine = async_engine(orm.engine)
        try:
            return await asyncio.gather(*(read(engine, at) for at in range(200)))
        finally:
            await engine.dispose()

    assert all(asyncio.run(read_all()))
    assert orm.kek.unwrap_calls - before <= 2


def test_warm_neither_kek_nor_key_store_is_asked_and_no_statement_is_added(orm: Database) -> None:
    [key] = add_people(orm, 1)
    with orm.session() as session:
        _ = session.get_one(Customer, key).name
        session.scalars(select(Customer).where(Customer.email == "0@example.com")).one()
    orm.store.calls.clear()
    calls = orm.kek.wrap_calls, orm.kek.unwrap_calls
    with orm.session() as session, statements(orm.engine) as seen:
        one = session.scalars(select(Customer).where(Customer.email == "0@example.com")).one()
        assert (one.name, one.email, one.phone) == ("n0", "0@example.com", "0")
        one.name = "changed"
        session.add_all([Customer(name=f"m{at}", phone=str(at)) for at in range(20)])
        session.flush()
    assert [one.split()[0] for one in seen] == ["SELECT", "UPDATE", "INSERT"]
    assert not orm.store.calls
    assert (orm.kek.wrap_calls, orm.kek.unwrap_calls) == calls


def test_an_expired_object_costs_no_more_queries_than_a_plain_one(orm: Database) -> None:
    [key] = add_people(orm, 1)
    with orm.session() as session:
        session.add(Order(customer_id=key, address="1 High St"))
        session.commit()
        order = session.scalars(select(Order)).one()
        for change in ({"plain": "new"}, {"address": "2 High St"}):
            session.commit()
            with statements(orm.engine) as seen:
                for name, value in change.items():
                    setattr(order, name, value)
                session.flush()
            assert [one.split()[0] for one in seen] == ["SELECT", "UPDATE"]  # SQLAlchemy asks for the primary key
        assert order.address == "2 High St"


def test_peers_are_opened_in_one_batch(orm: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    add_people(orm, 25)
    batches: list[int] = []
    real = fieldvault.RecordCipher.open_column_partially

    def counted(self: Any, name: str, sealed: Any, **given: Any) -> Any:
        batches.append(len(sealed))
        return real(self, name, sealed, **given)

    monkeypatch.setattr(fieldvault.RecordCipher, "open_column_partially", counted)
    with orm.session() as session:
        people = session.scalars(select(Customer)).all()
        assert len({one.name for one in people}) == 25
        assert batches == [25]
        session.expire(people[0], ["name"])
        _ = people[0].name
        assert batches == [25, 1]
        batches.clear()
        session.expunge_all()
        for one in session.scalars(select(Customer).execution_options(yield_per=10)):
            _ = one.name
        assert batches == [10, 10, 5]
        session.expunge_all()
        kept = session.scalars(select(Customer)).all()[3:5]  # the others are gone: nothing keeps them
        session.expunge_all()
        batches.clear()
        _ = kept[0].phone
        assert batches == [2]


def test_the_look_up_uses_the_index(orm: Database) -> None:
    with orm.session() as session:
        session.add_all([Customer(email=f"{at}@example.com") for at in range(1000)])
        session.flush()
        session.execute(text("ANALYZE"))
        seen: list[Any] = []
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *given: seen.append(given[2:4]))
        session.scalars(select(Customer).where(Customer.email == "7@example.com")).one()
        how = "EXPLAIN QUERY PLAN" if orm.engine.dialect.name == "sqlite" else "EXPLAIN"
        plan = "".join(str(row) for row in connection.exec_driver_sql(f"{how} {seen[0][0]}", seen[0][1]))
    assert "email_index" in plan
    assert "SCAN customer" not in plan
    assert "Seq Scan" not in plan


def test_a_dataclass_does_not_show_its_values(orm: Database) -> None:
    contact = Contact(email="canary@example.com")
    assert "canary" not in repr(contact)
    with orm.session() as session:
        session.add(contact)
        session.commit()
        assert session.scalars(select(Contact).where(Contact.email == "CANARY@example.com")).one() is contact
        assert "canary" not in repr(contact)


def test_a_pickle_opens_where_there_are_keyrings(orm: Database) -> None:
    add_people(orm, 1)
    with orm.session() as session:
        data = pickle.dumps(session.scalars(select(Customer)).one())
        loaded = pickle.loads(data)
        assert loaded.name == "n0"
        merged = session.merge(loaded)
        assert merged.name == "n0"


def test_polymorphic_objects_are_of_one_batch_each(orm: Database) -> None:
    with orm.session() as session:
        session.add_all([Person(name=f"p{at}") for at in range(3)])
        session.commit()
        assert sorted(one.name or "" for one in session.scalars(select(Person))) == ["p0", "p1", "p2"]


def test_a_search_finds_every_row_in_every_phase_of_an_index_rotation(orm: Database) -> None:
    clock = FakeClock()
    keyrings = memory_keyrings(kek=orm.kek, store=orm.store, clock=clock)
    protect(Base, keyrings)
    add_people(orm, 3)
    customers = IndexedTable(orm.engine, schema_of(Customer), "customer")
    rotation = IndexRotation(keyrings, tenant=TENANT, tables=[customers])
    outside = select(Customer).where(Customer.phone == "1")
    seen: list[str] = []
    with orm.session(expire_on_commit=False) as session:
        built_before = select(Customer).where(Customer.phone == "1")
        held = session.scalars(built_before).one()
        rotation.start()
        clock.advance(3600)
        with pytest.raises(QueryRefused):
            session.scalars(built_before).all()
        while (phase := rotation.state.phase) is not IndexPhase.STABLE:
            name = phase.value
            seen.append(name)
            session.add(Customer(phone=name, email=f"{name}@example.com"))
            held.email = f"held.{name}@example.com"
            session.execute(insert(Customer), [{"phone": f"bulk {name}", "email": f"bulk.{name}@example.com"}])
            session.commit()
            with pytest.raises(IntegrityError):
                session.execute(insert(Customer), [{"email": f"HELD.{name}@example.com"}])
            session.rollback()
            if phase is not IndexPhase.DUAL_WRITE:
                assert Backfill(keyrings, rotation).run().refused == {}
            for statement in (select(Customer).where(Customer.phone == "1"), outside):
                assert session.scalars(statement).one().name == "n1"
            for before in seen:
                for wanted in (f"{before}@example.com", f"bulk.{before}@example.com"):
                    assert session.scalars(select(Customer).where(Customer.email == wanted)).one()
                stale = select(Customer).where(Customer.email == f"held.{before}@example.com")
                assert len(session.scalars(stale).all()) == (before == name)
            rotation.advance()
            clock.advance(3600)
        assert seen == ["dual-write", "backfill", "cut-over", "drop"]
        assert session.scalars(select(Customer).where(Customer.email == "held.drop@example.com")).one() is held
        assert rotation.rows_by_version()["customer"]["email_index"] == {2: 11}
        assert rotation.rows_by_version()["customer"]["email_index_next"] == {}
