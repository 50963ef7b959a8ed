"""An ASGI application in the scope of each request's tenant."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fieldvault.scoping.scopes import scope as tenant_scope

AsgiConnection = MutableMapping[str, Any]
"""What ASGI calls the scope: one request or one web socket."""
AsgiReceive = Callable[[], Awaitable[MutableMapping[str, Any]]]
AsgiSend = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApplication = Callable[[AsgiConnection, AsgiReceive, AsgiSend], Awaitable[None]]
Naming = Callable[[AsgiConnection], str | Awaitable[str | None] | None]
"""Names the tenant, or the actor, of a connection; a plain or an async function."""


class AsgiScope:
    """Runs `application` in the scope of `tenant_of(connection)`: requests, web sockets, streams, its tasks.

    Where that is None there is no scope, and what needs a tenant raises `ScopeError`: right for a health page.
    **The client writes the connection's headers**: `tenant_of` must check that this caller may act for that tenant.
    """

    def __init__(self, application: AsgiApplication, tenant_of: Naming, *, actor_of: Naming | None = None) -> None:
        self._application = application
        self._tenant_of = tenant_of
        self._actor_of = actor_of

    async def __call__(self, scope: AsgiConnection, receive: AsgiReceive, send: AsgiSend) -> None:
        tenant = await _name(self._tenant_of, scope) if scope["type"] in ("http", "websocket") else None
        if tenant is None:
            await self._application(scope, receive, send)
            return
        actor = await _name(self._actor_of, scope) if self._actor_of else None
        with tenant_scope(tenant=tenant, actor=actor):
            await self._application(scope, receive, send)


async def _name(naming: Naming, connection: AsgiConnection) -> str | None:
    named = naming(connection)
    return await named if inspect.isawaitable(named) else named
