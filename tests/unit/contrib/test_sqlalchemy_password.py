"""The `Password` column type on SQLite: hashing, comparing, upgrading, and what shows no password and no hash."""

from __future__ import annotations

import copy
import logging
import pickle
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, ForeignKey, String, create_engine, insert, inspect, select, text, type_coerce, update
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from fieldvault.contrib.sqlalchemy import Password, PlainPasswordRefused, StoredPassword
from fieldvault.errors import ConfigurationError, PasswordTooLong, SchemeUnknown, ValueRefused
from fieldvault.passwords import CHEAPEST, Argon2Profile, Expression, PasswordHasher

MD5 = Callable[[str], str]
UNSALTED = Expression("md5(password)")
HASHER = PasswordHasher(CHEAPEST, schemes=[UNSALTED])


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(default="user")
    name: Mapped[str | None]
    password: Mapped[str | StoredPassword | None] = mapped_column(Password(HASHER))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "user"}  # noqa: RUF012


class Admin(User):
    __tablename__ = "admins"
    admin_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    second: Mapped[str | StoredPassword | None] = mapped_column(Password(HASHER))
    __mapper_args__ = {"polymorphic_identity": "admin"}  # noqa: RUF012


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def put(session: Session, stored: str) -> User:
    session.execute(text("INSERT INTO users (id, kind, password) VALUES (1, 'user', :stored)"), {"stored": stored})
    session.commit()
    return session.get_one(User, 1)


def row(session: Session) -> str:
    return session.execute(text("SELECT password FROM users WHERE id = 1")).scalar_one()


def test_an_assigned_password_is_hashed_at_once(session: Session) -> None:
    user = User(id=1, password="secret")
    assert "secret" not in str(vars(user))
    assert isinstance(user.password, StoredPassword)
    assert user.password == "secret"
    assert user.password != "another"
    session.add(user)
    session.commit()
    assert row(session).startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert user.password == "secret"
    assert not session.dirty
    user.password = "another"
    session.commit()
    assert user.password == "another"
    user.password = None
    session.commit()
    assert user.password is None


@pytest.mark.parametrize("kind", ["legacy", "wrapped", "other parameters"])
def test_a_comparison_that_succeeds_upgrades_the_row(session: Session, md5: MD5, kind: str) -> None:
    stored = {
        "legacy": md5("secret"),
        "wrapped": HASHER.wrap(md5("secret"), UNSALTED),
        "other parameters": PasswordHasher(Argon2Profile(16, 1, 1)).hash("secret"),
    }[kind]
    user = put(session, stored)
    assert user.password != "another"
    assert not session.dirty
    assert user.password == "secret"
    session.commit()
    assert row(session).startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert user.password == "secret"
    assert not session.dirty


def test_an_upgrade_that_is_rolled_back_leaves_the_row(session: Session, md5: MD5) -> None:
    user = put(session, md5("secret"))
    assert user.password == "secret"
    session.flush()
    session.rollback()
    assert row(session) == md5("secret")
    assert user.password == "secret"


def test_an_upgrade_never_replaces_a_password_that_was_changed_meanwhile(session: Session, md5: MD5) -> None:
    user = put(session, md5("secret"))
    assert user.password == "secret"
    changed = HASHER.hash("changed")
    session.execute(text("UPDATE users SET password = :changed"), {"changed": changed})
    user.name = "Ann"
    session.commit()
    assert row(session) == changed
    assert (user.name, user.password == "changed", user.password == "secret") == ("Ann", True, False)


def test_a_password_that_is_assigned_replaces_whatever_the_row_holds(session: Session, md5: MD5) -> None:
    user = put(session, md5("secret"))
    assert user.password == "secret"
    session.execute(text("UPDATE users SET password = :other"), {"other": HASHER.hash("other")})
    user.password = "mine"
    session.commit()
    assert user.password == "mine"


def test_columns_of_subclasses(session: Session, md5: MD5) -> None:
    admin = Admin(id=1, password="secret", second="further")
    session.add(admin)
    session.commit()
    session.execute(text("UPDATE admins SET second = :old"), {"old": md5("further")})
    session.execute(text("UPDATE users SET password = :old"), {"old": md5("secret")})
    session.commit()
    assert admin.password == "secret"
    assert admin.second == "further"
    session.commit()
    assert row(session).startswith("$argon2id$")
    assert session.execute(text("SELECT second FROM admins")).scalar_one().startswith("$argon2id$")


def test_repr_and_str_are_hidden(session: Session, md5: MD5) -> None:
    value = put(session, md5("secret")).password
    assert repr(value) == str(value) == f"{value}" == "<StoredPassword: hidden>"


def test_an_instance_pickles_with_its_row_and_without_its_hasher(session: Session, md5: MD5) -> None:
    user = put(session, md5("secret"))
    assert user.password != "another"
    data = pickle.dumps(user)
    assert b"PasswordHasher" not in data
    assert b"secret" not in data
    again = pickle.loads(data)
    assert again.password == "secret"
    session.expunge_all()
    merged = session.merge(again)
    session.commit()
    assert merged.password == "secret"
    assert row(session).startswith("$argon2id$")


def test_a_value_that_was_pickled_alone_has_no_hasher(session: Session, md5: MD5) -> None:
    value = pickle.loads(pickle.dumps(put(session, md5("secret")).password))
    with pytest.raises(ConfigurationError, match="no hasher"):
        assert value == "secret"


def test_copies_are_equal_and_values_are_not_hashable(session: Session, md5: MD5) -> None:
    value = put(session, md5("secret")).password
    assert copy.copy(value) == value
    assert value != StoredPassword(md5("another"))
    assert value != 7
    with pytest.raises(TypeError):
        hash(value)


@pytest.mark.parametrize("statement", [insert(User), insert(User.__table__), update(User)])
def test_a_statement_never_carries_a_password(
    session: Session, statement, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sqlalchemy.engine")
    with pytest.raises(PlainPasswordRefused) as caught:
        session.execute(statement.values(id=1, kind="user", password="canary-secret"))
    assert not isinstance(caught.value, StatementError)
    assert "canary" not in f"{caught.value!r} {caught.value} {caplog.text}"


def test_a_statement_carries_stored_forms(session: Session) -> None:
    session.execute(insert(User), [{"id": 1, "password": HASHER.hash("a")}, {"id": 2, "password": None}])
    session.execute(insert(User), [{"id": 3, "password": StoredPassword(HASHER.hash("c"))}])
    assert session.get_one(User, 1).password == "a"
    assert session.get_one(User, 3).password == "c"
    assert session.scalars(select(User.id).where(User.password == None)).all() == [2]  # noqa: E711
    assert session.scalars(select(User.id).where(User.password.is_not(None))).all() == [1, 3]
    first = session.scalar(select(User.password).where(User.id == 1))
    assert session.scalars(select(User.id).where(User.password == first)).all() == [1]


@pytest.mark.parametrize(
    "compare",
    [
        lambda column: column == "canary",
        lambda column: column != "canary",
        lambda column: column.in_(["canary"]),
        lambda column: column.like("canary%"),
        lambda column: column < "canary",
        lambda column: "canary" == column,  # noqa: SIM300
    ],
)
def test_a_comparison_in_sql_is_refused(compare: Callable[[object], object]) -> None:
    with pytest.raises(PlainPasswordRefused, match="cannot compare") as caught:
        compare(User.password)
    assert "canary" not in str(caught.value)


def test_the_text_is_reached_on_purpose(session: Session, md5: MD5) -> None:
    put(session, md5("secret"))
    assert (
        session.scalars(select(User.id).where(type_coerce(User.password, String).like("$argon2id$%"))).all() == []
    )


def test_each_hasher_is_a_type_of_its_own_in_the_cache(session: Session, md5: MD5) -> None:
    put(session, md5("secret"))
    other = Password(PasswordHasher(CHEAPEST))
    assert Password(HASHER)._static_cache_key == Password(HASHER)._static_cache_key
    assert Password(HASHER)._static_cache_key != other._static_cache_key
    ours = session.scalar(select(type_coerce(User.__table__.c.password, Password(HASHER))))
    assert ours == "secret"
    theirs = session.scalar(select(type_coerce(User.__table__.c.password, other)))
    with pytest.raises(SchemeUnknown):
        assert theirs == "secret"


def test_alembic_gets_a_repr_that_makes_the_same_column() -> None:
    assert repr(Password(HASHER, 300)) == "Password(length=300)"
    assert eval(repr(Password(HASHER, 300))).length == 300


def test_hostile_passwords(session: Session) -> None:
    user = User(id=1)
    endless = "x" * 10_000_000
    with pytest.raises(PasswordTooLong):
        user.password = endless
    with pytest.raises(ValueRefused):
        user.password = 7  # type: ignore[assignment]
    assert inspect(user).attrs.password.history.empty() or user.password is None
    user.password = (
        "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAA"  # a password like any other
    )
    assert user.password == "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAA"
