"""Whose data the running code works on, and who is working: a scope that follows the code, not the arguments."""

from fieldvault.scoping.asgi import AsgiScope
from fieldvault.scoping.carrying import carry_scope, carry_scope_async_steps, carry_scope_steps
from fieldvault.scoping.current import Acting, current_acting, current_actor, current_tenant
from fieldvault.scoping.scopes import acting_as, scope, switch_scope
from fieldvault.scoping.wsgi import WsgiScope

__all__ = [
    "Acting",
    "AsgiScope",
    "WsgiScope",
    "acting_as",
    "carry_scope",
    "carry_scope_async_steps",
    "carry_scope_steps",
    "current_acting",
    "current_actor",
    "current_tenant",
    "scope",
    "switch_scope",
]

# A Django migration names a field's default by its module. That name is kept for ever, so it is this one.
current_tenant.__module__ = __name__
