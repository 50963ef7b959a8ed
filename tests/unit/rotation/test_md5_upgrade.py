"""From `md5(email)` to keyed index values: before, during and after."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text, create_engine, or_, select, update
from sqlalchemy.engine import Engine

from fieldvault import PlainField, RecordCipher, Schema, SealedField
from fieldvault.errors import IndexRowsLeft, SchemaError
from fieldvault.rotation import Md5Phase, Md5Upgrade
from fieldvault.testing import memory_keyrings
from fieldvault.tokens import Md5Index, Md5Recipe

RECIPE = Md5Recipe("trim", "lower")
SCHEMA = Schema(
    "users",
    [PlainField("id", int), SealedField("email", index=Md5Index(RECIPE, unique=True)), SealedField("other")],
    row_id="id",
)
users = Table(
    "users",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("email_md5", Text),
    Column("email_index", LargeBinary, unique=True),
    Column("email_index_next", LargeBinary, unique=True),
)


def md5(email: str) -> str:
    return hashlib.md5(email.strip(" ").lower().encode()).hexdigest()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/app.db")
    users.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(users.insert(), [{"id": n, "email_md5": md5(f"u{n}@example.org")} for n in range(1, 24)])
        connection.execute(users.insert(), [{"id": 24, "email_md5": None}])
    yield engine
    engine.dispose()


@pytest.fixture
def cipher() -> RecordCipher:
    return RecordCipher(SCHEMA, memory_keyrings(), tenant="acme")


def upgrade_of(engine: Engine, cipher: RecordCipher) -> Md5Upgrade:
    return Md5Upgrade(cipher, engine, "users", field="email", legacy_column="email_md5")


def find_by_both(engine: Engine, cipher: RecordCipher, email: str) -> list[int]:
    by_token = users.c.email_index.in_(cipher.index_values("email", email))
    with engine.connect() as connection:
        return list(
            connection.scalars(
                select(users.c.id).where(or_(by_token, users.c.email_md5 == RECIPE.digest(email).hex()))
            )
        )


def find_by_token(engine: Engine, cipher: RecordCipher, email: str) -> list[int]:
    with engine.connect() as connection:
        wanted = cipher.index_values("email", email)
        return list(connection.scalars(select(users.c.id).where(users.c.email_index.in_(wanted))))


def test_the_whole_way(engine: Engine, cipher: RecordCipher) -> None:
    upgrade = upgrade_of(engine, cipher)
    assert upgrade.phase is Md5Phase.LEGACY
    assert find_by_both(engine, cipher, " U7@example.org") == [7]
    with engine.begin() as connection:  # dual write: a new row by the new release
        sealed = cipher.seal({"id": 30, "email": "New@example.org"})
        cells = {name: sealed[name] for name in ("id", "email_index", "email_index_next")}
        connection.execute(users.insert(), cells | {"email_md5": md5("New@example.org")})
    assert upgrade.phase is Md5Phase.BACKFILL
    assert upgrade.rows_left() == 23
    with pytest.raises(IndexRowsLeft):
        upgrade.clear()
    assert find_by_both(engine, cipher, "new@example.org") == [30]
    assert upgrade.backfill(batch=5).written == 23
    assert upgrade.backfill().written == 0
    assert upgrade.phase is Md5Phase.CUT_OVER
    assert find_by_token(engine, cipher, "U7@EXAMPLE.org ") == [7]
    assert find_by_token(engine, cipher, "new@example.org") == [30]
    assert upgrade.clear() == 24
    assert upgrade.phase is Md5Phase.DONE
    assert [find_by_token(engine, cipher, f"u{n}@example.org") for n in range(1, 24)] == [[n] for n in range(1, 24)]
    assert find_by_token(engine, cipher, "nobody@example.org") == []


def test_a_digest_that_an_old_writer_changed_is_indexed_again(engine: Engine, cipher: RecordCipher) -> None:
    upgrade = upgrade_of(engine, cipher)
    upgrade.backfill()
    with engine.begin() as connection:
        connection.execute(update(users).where(users.c.id == 3).values(email_md5=md5("moved@example.org")))
    assert find_by_token(engine, cipher, "moved@example.org") == []
    assert upgrade.backfill().written == 1
    assert find_by_token(engine, cipher, "moved@example.org") == [3]
    assert find_by_token(engine, cipher, "u3@example.org") == []


def test_what_is_no_digest_and_what_is_double_is_said(engine: Engine, cipher: RecordCipher) -> None:
    with engine.begin() as connection:
        connection.execute(update(users).where(users.c.id == 4).values(email_md5="u4@example.org"))
        connection.execute(update(users).where(users.c.id == 5).values(email_md5=md5("u6@example.org").upper()))
        connection.execute(update(users).where(users.c.id == 9).values(email_md5=md5("u9@example.org") + "  "))
    result = upgrade_of(engine, cipher).backfill(batch=50)
    assert (result.written, result.refused, result.duplicates) == (21, [(4,)], [(6,)])
    assert find_by_token(engine, cipher, "u9@example.org") == [9]


def test_digests_and_values_make_the_same_index_values(cipher: RecordCipher) -> None:
    emails = [" Ann@Example.org ", "ÉTIENNE@example.fr", "", "\u0645@x", "a" * 1_000_000]
    from_values = cipher.index_columns("email", emails)["email_index"]
    made = cipher.index_digests("email", [hashlib.md5(e.strip(" ").lower().encode()).digest() for e in emails])
    assert [row and row["email_index"] for row in made.values] == from_values
    assert len(set(from_values)) == len(emails)
    assert cipher.index_digests("email", [None]).values == [{"email_index": None, "email_index_next": None}]
    with pytest.raises(SchemaError, match="no blind index"):
        cipher.index_digests("other", [])


@pytest.mark.parametrize("cell", ["", "x" * 32, "a" * 31, "a" * 33, b"short", 7, "é" * 32, "٣" * 32])
def test_cells_that_are_no_digests(cipher: RecordCipher, cell: object) -> None:
    assert list(cipher.index_digests("email", [cell]).failures) == [0]  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("steps", "value", "message"),
    [
        ((), "Ann ", b"Ann "),
        (("trim",), " \tAnn ", b"\tAnn"),
        (("strip",), " \tAnn\n", b"Ann"),
        (("lower",), "ÉA", "éa".encode()),
        (("lower-ascii",), "ÉA", "Éa".encode()),
        (("latin-1", "lower"), "É", b"\xe9"),
    ],
)
def test_recipes(steps: tuple[str, ...], value: str, message: bytes) -> None:
    recipe = Md5Recipe(*steps)
    assert recipe.digest(value) == hashlib.md5(message).digest()
    assert recipe.proves(value, hashlib.md5(message).hexdigest().upper())
    assert not recipe.proves(value, hashlib.md5(message + b"x").hexdigest())


@pytest.mark.parametrize("steps", [("upper",), ("trim", "trim")])
def test_recipes_that_are_refused(steps: tuple[str, ...]) -> None:
    with pytest.raises(SchemaError, match="steps"):
        Md5Recipe(*steps)
