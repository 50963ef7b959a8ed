"""A database of the models with encrypted attributes, on SQLite or PostgreSQL, by sync or asyncio sessions."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from plugins.spied_store import SpiedStore
from plugins.sqlalchemy_models import Base
from sqlalchemy import Engine, event, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

import fieldvault
from fieldvault import Keyrings
from fieldvault.contrib.sqlalchemy import protect
from fieldvault.testing import FakeKek, memory_keyrings

TENANT = "acme"


@dataclass
class Database:
    """An engine with the models' tables; keyrings of its own, whose calls are counted."""

    engine: Engine
    async_engine: AsyncEngine | None = None
    kek: FakeKek = field(default_factory=FakeKek)
    store: SpiedStore = field(default_factory=SpiedStore)
    keyrings: Keyrings = field(init=False)

    def protect(self) -> None:
        self.keyrings = memory_keyrings(kek=self.kek, store=self.store)
        protect(Base, self.keyrings)

    def new_keys(self) -> None:
        """Other keys than before, in no relation to what is stored."""
        self.kek, self.store = FakeKek(), SpiedStore()
        self.protect()

    @contextmanager
    def session(self, **options: Any) -> Iterator[Session]:
        with fieldvault.scope(tenant=TENANT), Session(self.engine, **options) as session:
            yield session

    def run(self, work: Callable[[Session], None]) -> None:
        """In the scope of the tenant, in a session of the kind that this database has."""
        if self.async_engine is None:
            with self.session() as session:
                work(session)
        else:
            asyncio.run(self._run(work))

    async def _run(self, work: Callable[[Session], None]) -> None:
        assert self.async_engine is not None
        async with AsyncSession(self.async_engine) as session:
            with fieldvault.scope(tenant=TENANT):
                await session.run_sync(work)
        await self.async_engine.dispose()

    def empty(self) -> None:
        with self.engine.begin() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(table.delete())

    def raw(self, statement: str, **parameters: Any) -> list[Any]:
        """What somebody does who has the database and no keys."""
        with self.engine.begin() as connection:
            result = connection.execute(text(statement), parameters)
            return list(result) if result.returns_rows else []


def async_url(url: str) -> str:
    return url.replace("sqlite://", "sqlite+aiosqlite://")


def async_engine(engine: Engine) -> AsyncEngine:
    return create_async_engine(async_url(engine.url.render_as_string(hide_password=False)))


@contextmanager
def statements(session_or_engine: Any) -> Iterator[list[str]]:
    """The statements that reach the driver."""
    target = session_or_engine if isinstance(session_or_engine, Engine) else session_or_engine.get_bind()
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    event.listen(target, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(target, "before_cursor_execute", note)


def cells(session: Session, model: Any, *columns: str) -> list[Any]:
    """The bytes that the table holds."""
    table = inspect(model).local_table
    chosen = ", ".join(columns)
    return [tuple(row) for row in session.execute(text(f"SELECT {chosen} FROM {table.name}"))]


def reread(session: Session, model: Any, key: Any) -> Any:
    """The object as the database has it."""
    session.flush()
    session.expire_all()
    return session.scalars(select(model).where(inspect(model).primary_key[0] == key)).one()


def new_id() -> uuid.UUID:
    return uuid.uuid4()
