from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from fieldvault.errors import ScopeError
from fieldvault.scoping import current_acting, current_tenant, scope, switch_scope


@scope(tenant="acme")
def plain() -> str:
    return current_tenant()


@scope(tenant="acme")
async def coroutine() -> str:
    await asyncio.sleep(0)
    return current_tenant()


@scope(tenant="acme")
def generator() -> Iterator[str]:
    try:
        yield current_tenant()
        yield current_tenant()
    finally:
        closed.append(current_tenant())


@scope(tenant="acme")
async def async_generator() -> AsyncIterator[str]:
    try:
        yield current_tenant()
        await asyncio.sleep(0)
        yield current_tenant()
    finally:
        closed.append(current_tenant())


closed: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_closed() -> None:
    closed.clear()


def test_functions_stay_what_they_are() -> None:
    assert plain.__name__ == "plain"
    assert inspect.iscoroutinefunction(coroutine)
    assert inspect.isgeneratorfunction(generator)
    assert inspect.isasyncgenfunction(async_generator)


def test_calls_run_in_the_scope() -> None:
    assert plain() == "acme"
    assert asyncio.run(coroutine()) == "acme"
    assert current_acting() is None


def test_a_call_inside_another_tenant_is_refused() -> None:
    with scope(tenant="beta"), pytest.raises(ScopeError):
        plain()


def test_a_generators_consumer_is_never_in_its_scope() -> None:
    for tenant in generator():
        assert tenant == "acme"
        assert current_acting() is None
    assert closed == ["acme"]


def test_a_generator_is_closed_in_its_scope() -> None:
    values = generator()
    next(values)
    values.close()  # type: ignore[attr-defined]
    assert closed == ["acme"]


def test_generators_of_two_tenants_interleave() -> None:
    @switch_scope(tenant="beta")
    def others() -> Iterator[str]:
        while True:
            yield current_tenant()

    assert list(zip(generator(), others(), strict=False)) == [("acme", "beta")] * 2


def test_what_is_sent_and_thrown_arrives() -> None:
    @scope(tenant="acme")
    def echo() -> Iterator[str]:
        sent = yield "first"
        try:
            yield f"{sent} for {current_tenant()}"
        except ValueError:
            yield f"caught for {current_tenant()}"

    values = echo()
    next(values)
    assert values.send("hello") == "hello for acme"  # type: ignore[attr-defined]
    assert values.throw(ValueError()) == "caught for acme"  # type: ignore[attr-defined]


def test_a_decorated_generator_makes_a_context_manager_that_sees_errors() -> None:
    @contextmanager
    @scope(tenant="acme")
    def resource() -> Iterator[str]:
        try:
            yield current_tenant()
        except KeyError:
            closed.append(f"failed for {current_tenant()}")
            raise

    def use() -> None:
        with resource():
            assert current_acting() is None
            raise KeyError

    with pytest.raises(KeyError):
        use()
    assert closed == ["failed for acme"]


def test_async_generators_too() -> None:
    @asynccontextmanager
    @scope(tenant="acme")
    async def resource() -> AsyncIterator[str]:
        try:
            yield current_tenant()
        except KeyError:
            closed.append(f"failed for {current_tenant()}")
            raise

    async def main() -> None:
        async for tenant in async_generator():
            assert tenant == "acme"
            assert current_acting() is None
        values = async_generator()
        await anext(values)
        await values.aclose()  # type: ignore[attr-defined]
        with pytest.raises(KeyError):
            async with resource():
                raise KeyError
        echo = sending()
        await anext(echo)
        assert await echo.asend("hello") == "hello for acme"  # type: ignore[attr-defined]
        await echo.aclose()  # type: ignore[attr-defined]

    @scope(tenant="acme")
    async def sending() -> AsyncIterator[str]:
        sent = yield "first"
        yield f"{sent} for {current_tenant()}"

    asyncio.run(main())
    assert closed == ["acme", "acme", "failed for acme"]


def test_blocks_inside_plain_generators_that_interleave_end_well() -> None:
    """A block in a generator holds for its consumer too: told in the guide. At least it ends with the generator."""

    def values() -> Iterator[str]:
        with scope(tenant="acme"):
            yield current_tenant()

    first, second = values(), values()
    next(first), next(second)
    first.close()  # type: ignore[attr-defined]
    second.close()  # type: ignore[attr-defined]
    assert current_acting() is None
