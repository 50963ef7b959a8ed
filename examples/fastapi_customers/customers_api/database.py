"""Sessions, each of which sees the rows of the scope's tenant only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from customers_api.models import OfTenant
from fieldvault import current_tenant


def engine_for(url: str) -> Engine:
    """Statements are never logged with their parameters."""
    return create_engine(url, hide_parameters=True)


class TenantSession(Session):
    """A session whose queries are limited to the tenant of the scope. Raises `ScopeError` outside of one."""


@event.listens_for(TenantSession, "do_orm_execute")
def _limit_to_tenant(state: ORMExecuteState) -> None:
    if state.is_select and not state.is_column_load and not state.is_relationship_load:
        tenant = current_tenant()
        limit = with_loader_criteria(OfTenant, lambda table: table.tenant == tenant, include_aliases=True)
        state.statement = state.statement.options(limit)


def session_of_request(request: Request) -> Iterator[Session]:
    """One session a request; what the endpoint did not commit is rolled back."""
    with TenantSession(request.app.state.engine) as session:
        yield session


Database = Annotated[Session, Depends(session_of_request)]
