"""SQLAlchemy: a model with five encrypted attributes, two of them indexed, against plain columns.

Same database, same statements, interleaved rounds; processor time on SQLite, the clock on PostgreSQL. `--url` takes
a PostgreSQL database that may be written to; without it, a SQLite file. Prints ratios; with `--check`, exits with 1
where one is above its limit.

    python benchmarks/orm_sqlalchemy.py --url postgresql+psycopg://user@host/database
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from rounds import Contender, interleave, machine, ratio
from sqlalchemy import Engine, String, create_engine, delete, event, insert, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

import fieldvault
from fieldvault.contrib.sqlalchemy import Encrypted, encrypted, protect
from fieldvault.core.batch import CORE
from fieldvault.keystore import SqlKeyStore
from fieldvault.normalise import EMAIL, TEXT
from fieldvault.testing import FakeKek, memory_keyrings

FIELDS = ("name", "email", "phone", "street", "note")
LIMITS = {"add_all and commit": 1.6, "execute(insert)": 4.0, "select and read": 3.0, "look-up": 1.3}
NATIVE_LIMITS = LIMITS | {"execute(insert)": 2.0, "select and read": 2.0}


class Base(DeclarativeBase):
    pass


class Plain(Base):
    __tablename__ = "bench_plain"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]
    email: Mapped[str] = mapped_column(String, index=True)
    phone: Mapped[str] = mapped_column(String, index=True)
    street: Mapped[str]
    note: Mapped[str]


class Sealed(Encrypted, Base):
    __tablename__ = "bench_sealed"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str] = encrypted()
    email: Mapped[str] = encrypted(search=EMAIL)
    phone: Mapped[str] = encrypted(search=TEXT)
    street: Mapped[str] = encrypted()
    note: Mapped[str] = encrypted()


Model = Any
"""`Plain` or `Sealed`: they have the same attributes."""


def rows(count: int) -> list[dict[str, str]]:
    return [
        {
            "name": f"Ann Li the {at}th",
            "email": f"ann.{at}@example.com",
            "phone": f"+44121{at:07}",
            "street": f"{at} High Street, Birmingham",
            "note": "prefers to be called in the morning",
        }
        for at in range(count)
    ]


def add_all(engine: Engine, model: Model, given: list[dict[str, str]]) -> None:
    with Session(engine) as session:
        session.add_all([model(**row) for row in given])
        session.commit()


def insert_all(engine: Engine, model: Model, given: list[dict[str, str]]) -> None:
    with Session(engine) as session:
        session.execute(insert(model), given)
        session.commit()


def read_all(engine: Engine, model: Model, count: int) -> None:
    with Session(engine) as session:
        for one in session.scalars(select(model).limit(count)):
            _ = one.name, one.email, one.phone, one.street, one.note


def look_up(engine: Engine, model: Model, wanted: list[str]) -> None:
    with Session(engine) as session:
        for email in wanted:
            if len(session.scalars(select(model).where(model.email == email)).all()) != 1:
                raise AssertionError("the look-up does not find the row")


def plan(engine: Engine, model: Model, email: str) -> str:
    """How the database answers a look-up, by its own EXPLAIN."""
    seen: list[tuple[str, Any]] = []
    how = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
    with Session(engine) as session:
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *given: seen.append((given[2], given[3])))
        session.scalars(select(model).where(model.email == email)).all()
        statement, parameters = seen[0]
        return "\n".join(str(row) for row in connection.exec_driver_sql(how + statement, parameters))


def measure(engine: Engine, count: int, rounds: int) -> dict[str, Any]:
    """The ratios of each workload. Tables are emptied before each round of writing."""
    given = rows(count)
    results: dict[str, Any] = {}
    waits = engine.dialect.name != "sqlite"  # SQLite is in this process: its processor time is ours

    def emptied(work: Callable[[Engine, Model, list[dict[str, str]]], None], model: Model) -> Contender:
        def run() -> None:
            work(engine, model, given)

        return Contender(run, waits=waits)

    def pair(name: str, plain: Contender, sealed: Contender, least: int = rounds) -> None:
        timings = interleave({"plain": plain, "sealed": sealed}, least)
        results[name] = (ratio(timings["sealed"], timings["plain"]), timings["plain"].per_item(1) / 1000)

    for name, work in {"add_all and commit": add_all, "execute(insert)": insert_all}.items():
        pair(name, emptied(work, Plain), emptied(work, Sealed))
    for model in (Plain, Sealed):
        with Session(engine) as session:
            session.execute(delete(model))
            session.commit()
        insert_all(engine, model, given)
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(
            text("ANALYZE" if engine.dialect.name == "sqlite" else "VACUUM ANALYZE")
        )
    pair(
        "select and read",
        Contender(lambda: read_all(engine, Plain, count), waits=waits),
        Contender(lambda: read_all(engine, Sealed, count), waits=waits),
    )
    wanted = [given[at]["email"] for at in range(0, count, max(1, count // 300))]
    pair(
        "look-up",
        Contender(lambda: look_up(engine, Plain, wanted), waits=waits),
        Contender(lambda: look_up(engine, Sealed, wanted), waits=waits),
    )
    results["plan"] = plan(engine, Sealed, wanted[0])
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a PostgreSQL database; by default a SQLite file")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a ratio is above its limit")
    options = parser.parse_args()
    limits = LIMITS if CORE == "python" else NATIVE_LIMITS
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(options.url or f"sqlite:///{Path(folder) / 'bench.db'}")
        Base.metadata.drop_all(engine)
        Base.metadata.create_all(engine)
        store = SqlKeyStore(f"sqlite:///{Path(folder) / 'keys.db'}")
        store.create()
        protect(Base, memory_keyrings(kek=FakeKek(), store=store))
        with fieldvault.scope(tenant="acme"):
            results = measure(engine, options.rows, options.rounds)
        Base.metadata.drop_all(engine)
        engine.dispose()
    print(f"{engine.dialect.name}, {options.rows} rows, {options.rounds} rounds [{CORE} core, {machine()}]")
    for name, limit in limits.items():
        found, base = results[name]
        print(f"  {name:20} {found} times the plain model's {base:.0f} ms   limit {limit}")
    print("  plan of the look-up:", results["plan"])
    above = [name for name, limit in limits.items() if results[name][0].median > limit]
    return 1 if options.check and above else 0


if __name__ == "__main__":
    sys.exit(main())
