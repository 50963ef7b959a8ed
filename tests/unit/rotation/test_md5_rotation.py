"""Rotating the key of an index over MD5: rows whose value is not sealed yet keep the only way to be found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text, create_engine, or_, select, update
from sqlalchemy.engine import Engine

from fieldvault import Keyrings, PlainField, RecordCipher, Schema, SealedField
from fieldvault.errors import IndexRowsLeft
from fieldvault.ports import IndexPhase
from fieldvault.rotation import Backfill, IndexedTable, IndexRotation, Md5Upgrade
from fieldvault.testing import FakeClock, memory_keyrings
from fieldvault.tokens import Md5Index, Md5Recipe

RECIPE = Md5Recipe("lower")
USERS = Schema(
    "users", [PlainField("id", int), SealedField("email", index=Md5Index(RECIPE, unique=True))], row_id="id"
)
users = Table(
    "users",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("email", LargeBinary),
    Column("email_md5", Text),
    *(Column(name, LargeBinary, unique=True) for name in USERS.index_columns),
)
EMAILS = {1: "ann@example.org", 2: "bo@example.org"}


class World:
    def __init__(self, engine: Engine) -> None:
        self.engine, self.clock = engine, FakeClock()
        self.keyrings: Keyrings = memory_keyrings(clock=self.clock)
        self.cipher = RecordCipher(USERS, self.keyrings, tenant="acme")
        self.upgrade = Md5Upgrade(self.cipher, engine, "users", field="email", legacy_column="email_md5")
        self.rotation = IndexRotation(self.keyrings, tenant="acme", tables=[IndexedTable(engine, USERS, "users")])

    def backfill(self) -> dict[str, list[tuple[int, ...]]]:
        return Backfill(self.keyrings, self.rotation).run().refused

    def advance(self) -> None:
        self.clock.advance(1_000)
        self.rotation.advance()

    def find(self) -> list[int]:
        """By digest or index value, as during an upgrade."""
        found: list[int] = []
        for email in EMAILS.values():
            by_index = users.c.email_index.in_(self.cipher.index_values("email", email))
            by_digest = users.c.email_md5 == RECIPE.digest(email).hex()
            with self.engine.connect() as connection:
                found += connection.scalars(select(users.c.id).where(or_(by_index, by_digest))).all()
        return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    engine = create_engine(f"sqlite:///{tmp_path}/users.db")
    users.metadata.create_all(engine)
    world = World(engine)
    with engine.begin() as connection:
        connection.execute(users.insert(), [{"id": n, "email_md5": digest(one)} for n, one in EMAILS.items()])
    assert world.upgrade.backfill().written == 2
    with engine.begin() as connection:  # row 2 is sealed already, row 1 only indexed
        sealed = world.cipher.seal({"id": 2, "email": EMAILS[2]})
        connection.execute(update(users).where(users.c.id == 2).values(sealed))
    world.rotation.start()
    world.advance()
    yield world
    engine.dispose()


def digest(email: str) -> str:
    return hashlib.md5(email.encode()).hexdigest()


def test_a_row_with_neither_value_nor_digest_holds_the_rotation_and_stays_found(world: World) -> None:
    world.upgrade.clear()
    assert world.backfill() == {"users": [(1,)]}
    assert world.find() == [1, 2]
    with pytest.raises(IndexRowsLeft):
        world.advance()


def test_a_row_with_its_digest_goes_on_by_the_upgrade(world: World) -> None:
    assert world.rotation.state.phase is IndexPhase.BACKFILL
    while world.rotation.state.phase is not IndexPhase.STABLE:
        world.upgrade.backfill()
        assert world.backfill() == {}
        assert world.find() == [1, 2]
        world.advance()
    world.upgrade.clear()
    assert world.find() == [1, 2]
    assert {key.version for key in world.cipher.index_keyring.index_keys_to_ask().asked} == {2}  # type: ignore[union-attr]
