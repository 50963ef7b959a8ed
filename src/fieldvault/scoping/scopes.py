"""Entering a scope: a `with` block, or a decorator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

from fieldvault.errors import ScopeError
from fieldvault.scoping.current import Acting, Entered, current_acting, enter, leave
from fieldvault.scoping.decorating import decorated

Function = TypeVar("Function", bound=Callable[..., Any])


class _Scoping(ABC):
    """A block, or the calls of a function. A function may be plain, async, a generator or an async generator.

    A decorated generator is in its scope while it runs, and its consumer never is. A `with` block inside a
    generator holds for the consumer too, from one value to the next: decorate generators instead.
    """

    def __init__(self) -> None:
        self._entered: Entered | None = None

    @abstractmethod
    def _acting(self, around: Acting | None) -> Acting:
        """What becomes current inside `around`. Raises `ScopeError` where that is refused."""

    @abstractmethod
    def _again(self) -> _Scoping:
        """Another one of the same, for one call of a decorated function."""

    def __enter__(self) -> Acting:
        if self._entered is not None:
            raise ScopeError("this scope is entered already", hint="make one for each block")
        acting = self._acting(current_acting())
        self._entered = enter(acting)
        return acting

    def __exit__(self, *_: object) -> None:
        entered, self._entered = self._entered, None
        if entered is not None:
            leave(entered)

    def __call__(self, function: Function) -> Function:
        return decorated(function, self._again)


class scope(_Scoping):  # noqa: N801 - reads as a word of the language: with fieldvault.scope(tenant=…)
    """Work for one tenant: `with fieldvault.scope(tenant="acme"):`, or `@fieldvault.scope(tenant="acme")`.

    `actor` is who works, for the audit log. Inside the same tenant it nests, and an actor that is not given is the
    outer one. Raises `ScopeError` inside another tenant or another actor, and for malformed names.
    """

    def __init__(self, *, tenant: str, actor: str | None = None) -> None:
        super().__init__()
        if tenant is None:
            raise ScopeError("a scope needs a tenant", hint="acting_as(…) says who acts without saying for whom")
        self._wanted = Acting(tenant, actor)

    def _acting(self, around: Acting | None) -> Acting:
        return _added(around, self._wanted)

    def _again(self) -> _Scoping:
        return type(self)(tenant=self._wanted.tenant or "", actor=self._wanted.actor)


class acting_as(_Scoping):  # noqa: N801 - as `scope`
    """Say who acts, and leave the tenant as it is. Raises `ScopeError` inside another actor."""

    def __init__(self, actor: str) -> None:
        super().__init__()
        if actor is None:
            raise ScopeError("acting_as needs an actor")
        self._wanted = Acting(None, actor)

    def _acting(self, around: Acting | None) -> Acting:
        return _added(around, self._wanted)

    def _again(self) -> _Scoping:
        return type(self)(self._wanted.actor or "")


class switch_scope(_Scoping):  # noqa: N801 - as `scope`
    """Leave the scope for another one, for as long as the block: the one way to cross tenants.

    For jobs that go over all tenants from inside one of them. Nothing is inherited, not the actor either.
    """

    def __init__(self, *, tenant: str, actor: str | None = None) -> None:
        super().__init__()
        if tenant is None:
            raise ScopeError("a scope needs a tenant")
        self._wanted = Acting(tenant, actor)

    def _acting(self, around: Acting | None) -> Acting:  # noqa: ARG002 - whatever is around is left
        return self._wanted

    def _again(self) -> _Scoping:
        return type(self)(tenant=self._wanted.tenant or "", actor=self._wanted.actor)


def _added(around: Acting | None, wanted: Acting) -> Acting:
    if around is None:
        return wanted
    if None not in (around.tenant, wanted.tenant) and around.tenant != wanted.tenant:
        raise ScopeError(
            f"the scope of {wanted.tenant!r} inside the scope of {around.tenant!r}",
            hint="end the one before the other begins; to cross tenants on purpose: switch_scope(tenant=…)",
        )
    if None not in (around.actor, wanted.actor) and around.actor != wanted.actor:
        raise ScopeError(
            "another actor inside an actor's scope", hint="on purpose: switch_scope(tenant=…, actor=…)"
        )
    return Acting(wanted.tenant or around.tenant, wanted.actor or around.actor)
