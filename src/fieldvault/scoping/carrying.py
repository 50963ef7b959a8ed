"""Taking the scope along to where Python does not: a pool of threads, a stream that is read later."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable
from typing import ParamSpec, TypeVar, cast

from fieldvault.errors import ScopeError
from fieldvault.scoping.current import current_acting, replaced
from fieldvault.scoping.steps import Steps, with_async_steps

Parameters = ParamSpec("Parameters")
Item = TypeVar("Item")


def carry_scope(function: Callable[Parameters, Item]) -> Callable[Parameters, Item]:
    """`function`, to be called anywhere, in the scope of here and now: `executor.map(carry_scope(work), items)`.

    Where it is called, that scope does not count: the work belongs to whoever asked for it. Raises `ScopeError` for
    a function that would run after the call: an async one, whose task takes its scope along, or a generator.
    """
    if (
        inspect.iscoroutinefunction(function)
        or inspect.isgeneratorfunction(function)
        or inspect.isasyncgenfunction(function)
    ):
        raise ScopeError(
            "this function would do its work after the call", hint="carry_scope_steps(…) for generators"
        )
    acting = current_acting()

    @functools.wraps(function)
    def carried(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Item:
        with replaced(acting):
            return function(*args, **kwargs)

    return carried


def carry_scope_steps(steps: Iterable[Item]) -> Generator[Item, None, None]:
    """What `steps` gives, each made in the scope of here and now, whenever it is asked for: a streamed response.

    Begins with the first step. Closing it closes `steps`.
    """
    acting = current_acting()
    with_scope = Steps(iter(steps), lambda: replaced(acting))
    return cast("Generator[Item, None, None]", with_scope)


def carry_scope_async_steps(steps: AsyncIterable[Item]) -> AsyncGenerator[Item, None]:
    """`carry_scope_steps` for what is iterated with `async for`."""
    acting = current_acting()
    return with_async_steps(lambda: aiter(steps), lambda: replaced(acting))()
