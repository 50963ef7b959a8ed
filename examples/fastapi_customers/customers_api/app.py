"""The composition root: settings in, application out. Nothing else here builds a key, an engine or a sink."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from customers_api import customers, vendors
from customers_api.callers import Callers
from customers_api.database import engine_for
from customers_api.models import Base
from customers_api.refusals import answer_refusals
from customers_api.settings import Settings
from fieldvault.contrib.sqlalchemy import protect
from fieldvault.scoping import AsgiScope


def create_app(settings: Settings) -> FastAPI:
    """The tables are created where they are missing; a real application would leave that to its migrations."""
    engine = engine_for(settings.database_url)
    keyrings = settings.keyrings(engine)
    protect(Base, keyrings)
    Base.metadata.create_all(engine)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        engine.dispose()

    app = FastAPI(title="Customers and vendors", lifespan=lifespan)
    app.state.engine, app.state.keyrings = engine, keyrings
    callers = Callers(settings.callers)
    app.add_middleware(AsgiScope, tenant_of=callers.tenant_of, actor_of=callers.user_of)
    app.include_router(customers.router)
    app.include_router(vendors.router)
    answer_refusals(app)

    @app.get("/health")
    def health() -> str:
        return "up"

    return app
