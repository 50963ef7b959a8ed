"""The `Password` column on PostgreSQL: an upgrade and a change of the password at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from fieldvault.contrib.sqlalchemy import Password, StoredPassword
from fieldvault.passwords import CHEAPEST, Expression, PasswordHasher

MD5 = Callable[[str], str]
HASHER = PasswordHasher(CHEAPEST, schemes=[Expression("md5(password)")])


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    password: Mapped[str | StoredPassword] = mapped_column(Password(HASHER))


@pytest.fixture
def engine(postgresql_database: str, md5: MD5) -> Iterator[Engine]:
    engine = create_engine(postgresql_database)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO users VALUES (1, :old)"), {"old": md5("secret")})
    yield engine
    engine.dispose()


def stored(engine: Engine) -> str:
    with engine.connect() as connection:
        return connection.execute(text("SELECT password FROM users")).scalar_one()


def test_an_upgrade_after_the_row_was_wrapped_or_changed_keeps_the_row(engine: Engine, md5: MD5) -> None:
    for newer in (HASHER.wrap(md5("secret"), Expression("md5(password)")), HASHER.hash("changed")):
        with Session(engine) as session:
            user = session.get_one(User, 1)
            assert user.password == "secret"
            with engine.begin() as other:
                other.execute(text("UPDATE users SET password = :newer"), {"newer": newer})
            session.commit()
        assert stored(engine) == newer


def test_an_upgrade_waits_for_a_change_that_is_under_way(engine: Engine) -> None:
    changed, waiting = HASHER.hash("changed"), threading.Event()

    def log_in() -> None:
        with Session(engine) as session:
            assert session.get_one(User, 1).password == "secret"
            waiting.set()
            session.commit()

    with engine.begin() as other:
        other.execute(text("UPDATE users SET password = :changed"), {"changed": changed})
        login = threading.Thread(target=log_in)
        login.start()
        assert waiting.wait(30)
        while not other.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one():
            assert login.is_alive(), "the upgrade did not wait for the lock"
    login.join(30)
    assert stored(engine) == changed


def test_a_login_without_a_race_upgrades(engine: Engine) -> None:
    with Session(engine) as session:
        assert session.get_one(User, 1).password == "secret"
        session.commit()
    assert stored(engine).startswith("$argon2id$v=19$m=8,")
