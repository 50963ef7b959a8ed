"""Iterators each step of which runs in a scope that the consumer never sees."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AbstractContextManager
from typing import Any, cast

Entering = Callable[[], AbstractContextManager[Any]]
"""Gives what to enter, a new one for each step."""


class Steps(Generator[Any, Any, Any]):
    """An iterator, or a generator with all that it can be told."""

    def __init__(self, steps: Iterator[Any], entering: Entering) -> None:
        self._steps = steps
        self._entering = entering

    def send(self, value: Any) -> Any:
        with self._entering():
            return next(self._steps) if value is None else cast("Generator[Any, Any, Any]", self._steps).send(value)

    def throw(self, kind: Any, value: Any = None, trace: Any = None) -> Any:  # noqa: ARG002 - the protocol's
        error = kind if value is None else value
        error = error() if isinstance(error, type) else error
        if not hasattr(self._steps, "throw"):
            raise error
        with self._entering():
            return self._steps.throw(error)

    def close(self) -> None:
        if hasattr(self._steps, "close"):
            with self._entering():
                self._steps.close()


def with_async_steps(
    function: Callable[..., AsyncIterator[Any]], entering: Entering
) -> Callable[..., AsyncGenerator[Any, Any]]:
    """`function` as an async generator function each step of which runs in the scope."""

    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        steps = function(*args, **kwargs)
        step: Callable[[Any], Awaitable[Any]] = _next
        given: Any = steps
        while True:
            with entering():
                try:
                    value = await step(given)
                except StopAsyncIteration:
                    return
            try:
                sent = yield value
                step, given = (_next, steps) if sent is None else (steps.asend, sent)  # type: ignore[attr-defined]
            except GeneratorExit:
                if hasattr(steps, "aclose"):
                    with entering():
                        await steps.aclose()
                raise
            except BaseException as error:
                if not hasattr(steps, "athrow"):
                    raise
                step, given = steps.athrow, error

    return wrapper


def _next(steps: AsyncIterator[Any]) -> Awaitable[Any]:
    return anext(steps)
