"""From plaintext to encrypted, online: a writer at work through every state, and what Alembic makes of the
models."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from plugins.sqlalchemy_kit import TENANT, Database
from plugins.sqlalchemy_models import Base
from sqlalchemy import Engine, MetaData, Table, create_engine, insert, select, text, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

import fieldvault
from fieldvault.contrib.sqlalchemy import CutOver, DualWrite, Encrypted, backfill, backfilling, encrypted, protect
from fieldvault.errors import NotIndexable, SchemaError, WriteRefused
from fieldvault.normalise import EMAIL
from fieldvault.testing import memory_keyrings


class Dual(DeclarativeBase):
    pass


class DualMember(Encrypted, Dual):
    __tablename__ = "member"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str | None]
    sealed: Mapped[str | None] = encrypted(search=EMAIL, unique=True, migrating=DualWrite(plain="email"))


class Cut(DeclarativeBase):
    pass


class CutMember(Encrypted, Cut):
    __tablename__ = "member"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str | None] = encrypted("sealed", search=EMAIL, unique=True, migrating=CutOver(plain="email"))
    plain: Mapped[str | None] = mapped_column("email")


class Done(DeclarativeBase):
    pass


class Member(Encrypted, Done):
    __tablename__ = "member"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str | None] = encrypted("sealed", search=EMAIL, unique=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path / 'members.db'}", connect_args={"timeout": 30})
    else:
        engine = create_engine(request.getfixturevalue("postgresql_database"))
    Dual.metadata.create_all(engine)
    keyrings = memory_keyrings()
    for models in (Dual, Cut, Done):
        protect(models, keyrings)
    yield engine
    engine.dispose()


def add_plain(engine: Engine, count: int) -> None:
    """As a process of the state before writes: it knows nothing of the sealed column."""
    bare = Table("member", MetaData(), autoload_with=engine)
    with engine.begin() as connection:
        ids = [uuid4().hex if engine.dialect.name == "sqlite" else uuid4() for _ in range(count)]
        connection.execute(insert(bare), [{"id": one, "email": f"{at}@Example.com"} for at, one in enumerate(ids)])


def add_members(engine: Engine, model: Any, count: int) -> None:
    for _ in range(count):
        with Session(engine) as session:
            session.add(model(email=f"m{uuid4().hex}@example.com"))
            session.commit()


class Writer(threading.Thread):
    """Changes addresses and adds members until it is told to stop; remembers what must be there in the end.

    Of two at work, each changes every second row, so that what was written last is known.
    """

    def __init__(self, engine: Engine, model: Any, wrote: dict[UUID, str], number: int = 0, of: int = 1) -> None:
        super().__init__()
        self.engine, self.model, self.wrote, self.number, self.of = engine, model, wrote, number, of
        self.stopped = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            with fieldvault.scope(tenant=TENANT):
                while not self.stopped.is_set():
                    self.turn()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test fails with it
            self.error = error

    def turn(self) -> None:
        with Session(self.engine) as session:
            some = session.scalars(select(self.model).order_by(self.model.id).limit(80)).all()
            some = [one for one in some if one.id.int % self.of == self.number]
            one = some[len(self.wrote) % len(some)]
            one.email = f"w{uuid4().hex}@example.com"
            new = self.model(email=f"n{uuid4().hex}@example.com")
            session.add(new)
            session.flush()
            written = {one.id: one.email, new.id: new.email}
            session.commit()
            self.wrote |= written

    def __enter__(self) -> Writer:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stopped.set()
        self.join()
        if self.error is not None:
            raise self.error


def test_no_write_is_lost_while_the_states_are_walked(engine: Engine) -> None:
    add_plain(engine, 300)
    wrote: dict[UUID, str] = {}
    with fieldvault.scope(tenant=TENANT):
        with Writer(engine, DualMember, wrote):
            first = backfill(engine, DualMember.sealed, batch=50)
            while (left := backfill(engine, DualMember.sealed, batch=50)).sealed or left.overtaken:
                pass
        assert first.sealed > 200
        with Writer(engine, DualMember, wrote, 0, 2), Writer(engine, CutMember, wrote, 1, 2):
            for _ in range(5):
                with Session(engine) as session:
                    rows = session.scalars(select(CutMember)).all()
                    assert all(one.email == one.plain for one in rows)
        with Writer(engine, CutMember, wrote, 0, 2), Writer(engine, Member, wrote, 1, 2):
            add_members(engine, Member, 10)
        with Session(engine) as session:
            for key, email in wrote.items():
                assert session.scalars(select(Member).where(Member.email == email)).one().id == key
            emails = [one.email for one in session.scalars(select(Member))]
            assert None not in emails
            assert len(set(emails)) == len(emails) >= 300 + len(wrote) // 2


def test_a_stale_sealed_value_is_sealed_anew(engine: Engine) -> None:
    with fieldvault.scope(tenant=TENANT), Session(engine) as session:
        session.add_all([DualMember(email="a@example.com"), DualMember(email="b@example.com"), DualMember()])
        session.commit()
        session.execute(text("UPDATE member SET email = 'late@example.com' WHERE email = 'a@example.com'"))
        session.execute(text("UPDATE member SET email = NULL WHERE email = 'b@example.com'"))
        session.commit()
        assert backfill(engine, DualMember.sealed).sealed == 2
        assert {one.sealed for one in session.scalars(select(DualMember))} == {"late@example.com", None}
        assert backfill(engine, DualMember.sealed).sealed == 0


def test_the_backfill_leaves_what_a_user_changes_meanwhile(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    add_plain(engine, 2)
    real = backfilling.seal_rows

    def after_a_user(*given: Any) -> Any:
        monkeypatch.setattr(backfilling, "seal_rows", real)
        with Session(engine) as session:
            session.scalars(select(DualMember).where(DualMember.email == "1@Example.com")).one().email = "u@b.org"
            session.commit()
        return real(*given)

    monkeypatch.setattr(backfilling, "seal_rows", after_a_user)
    with fieldvault.scope(tenant=TENANT), Session(engine) as session:
        done = backfill(engine, DualMember.sealed)
        assert (done.sealed, done.overtaken) == (1, 1)
        assert {one.sealed for one in session.scalars(select(DualMember))} == {"0@Example.com", "u@b.org"}


def test_every_way_of_writing_writes_both(engine: Engine) -> None:
    with fieldvault.scope(tenant=TENANT), Session(engine) as session:
        session.execute(insert(DualMember), [{"email": "1@example.com"}, {"email": None}])
        session.bulk_save_objects([DualMember(email="2@example.com")])
        one = session.scalars(select(DualMember).where(DualMember.email == "1@example.com")).one()
        session.execute(update(DualMember), [{"id": one.id, "email": "3@example.com"}])
        session.commit()
        assert {row.sealed for row in session.scalars(select(DualMember))} == {
            "2@example.com",
            "3@example.com",
            None,
        }
        for statement in (update(DualMember).values(email="x"), update(CutMember).values(plain="x")):
            with pytest.raises(WriteRefused):
                session.execute(statement)
        session.execute(insert(CutMember), [{"email": "4@example.com"}])
        session.commit()
        found = session.scalars(select(CutMember).where(CutMember.email == "4@example.com")).one()
        assert found.plain == "4@example.com"


def test_what_cannot_be_backfilled_is_a_typed_error(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO member (id, email) VALUES ('00000000000000000000000000000001', 'none')")
        )
    with fieldvault.scope(tenant=TENANT):
        with pytest.raises(NotIndexable):
            backfill(engine, DualMember.sealed)
        with pytest.raises(SchemaError):
            backfill(engine, Member.email)


def test_alembic_writes_plain_columns_and_sees_no_difference_afterwards(orm: Database) -> None:
    with orm.engine.connect() as connection:
        same = produce_migrations(
            MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata
        )
        assert same.upgrade_ops is not None
        assert same.upgrade_ops.is_empty()
        context = MigrationContext.configure(connection, opts={"target_metadata": Base.metadata})
        empty = create_engine("sqlite://")
        with empty.connect() as nothing:
            new = produce_migrations(MigrationContext.configure(nothing), Base.metadata)
        assert new.upgrade_ops is not None
        code = render_python_code(new.upgrade_ops, migration_context=context)
        empty.dispose()
    assert "fieldvault" not in code
    assert "sa.Column('email_index', sa.LargeBinary(), nullable=True)" in code
    assert "sa.Column('email', sa.LargeBinary(), nullable=True)" in code
    assert "sa.UniqueConstraint('email_index')" in code
