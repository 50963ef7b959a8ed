"""A WSGI application in the scope of each request's tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from fieldvault.scoping.carrying import carry_scope_steps
from fieldvault.scoping.scopes import scope

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class WsgiScope:
    """Runs `application`, and what it streams, in the scope of `tenant_of(environ)`.

    Where that is None there is no scope, and what needs a tenant raises `ScopeError`: right for a health page.
    **The client writes most of `environ`**: `tenant_of` must check that this caller may act for that tenant.
    """

    def __init__(
        self,
        application: WSGIApplication,
        tenant_of: Callable[[WSGIEnvironment], str | None],
        *,
        actor_of: Callable[[WSGIEnvironment], str | None] | None = None,
    ) -> None:
        self._application = application
        self._tenant_of = tenant_of
        self._actor_of = actor_of

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self._scope_of(environ):
            response = self._application(environ, start_response)
            # A list is made already, and servers take its length; anything else may still do work at each step.
            return response if isinstance(response, (list, tuple)) else carry_scope_steps(response)

    def _scope_of(self, environ: WSGIEnvironment) -> AbstractContextManager[Any]:
        tenant = self._tenant_of(environ)
        if tenant is None:
            return nullcontext()
        return scope(tenant=tenant, actor=self._actor_of(environ) if self._actor_of else None)
