"""A function whose calls run in a scope, whatever kind of function it is."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import Any, TypeVar, cast

from fieldvault.scoping.steps import Steps, with_async_steps

Function = TypeVar("Function", bound=Callable[..., Any])


def decorated(function: Function, entering: Callable[[], AbstractContextManager[Any]]) -> Function:
    """`function`, in a scope while it runs. It stays the kind that it is: frameworks ask `inspect`."""
    if inspect.isasyncgenfunction(function):
        wrapper = functools.wraps(function)(with_async_steps(function, entering))
    elif inspect.isgeneratorfunction(function):
        wrapper = _generator(function, entering)
    elif inspect.iscoroutinefunction(function):
        wrapper = _coroutine(function, entering)
    else:
        wrapper = _plain(function, entering)
    return cast("Function", wrapper)


def _generator(function: Callable[..., Any], entering: Callable[[], AbstractContextManager[Any]]) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        return (yield from Steps(function(*args, **kwargs), entering))

    return wrapper


def _coroutine(function: Callable[..., Any], entering: Callable[[], AbstractContextManager[Any]]) -> Any:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        with entering():
            return await function(*args, **kwargs)

    return wrapper


def _plain(function: Callable[..., Any], entering: Callable[[], AbstractContextManager[Any]]) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with entering():
            return function(*args, **kwargs)

    return wrapper
