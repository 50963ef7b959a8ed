from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from fieldvault.errors import ScopeError
from fieldvault.scoping import (
    carry_scope,
    carry_scope_async_steps,
    carry_scope_steps,
    current_acting,
    current_actor,
    current_tenant,
    scope,
)


def test_a_thread_starts_without_a_scope_and_can_be_given_one() -> None:
    with ThreadPoolExecutor(4) as pool, scope(tenant="acme", actor="ann"):
        with pytest.raises(ScopeError):
            pool.submit(current_tenant).result()
        assert set(pool.map(carry_scope(lambda _: (current_tenant(), current_actor())), range(50))) == {
            ("acme", "ann")
        }
        assert pool.submit(current_acting).result() is None


def test_many_threads_each_in_its_own_scope() -> None:
    def work(number: int) -> bool:
        tenant = f"tenant-{number % 7}"
        with scope(tenant=tenant):
            return all(current_tenant() == tenant for _ in range(200))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(64)))


def test_carried_work_belongs_to_whoever_asked_for_it() -> None:
    with scope(tenant="acme"):
        work = carry_scope(current_tenant)
    nobody = carry_scope(current_acting)
    with scope(tenant="beta"):
        assert work() == "acme"
        assert nobody() is None
        assert current_tenant() == "beta"


def test_what_would_run_after_the_call_is_refused() -> None:
    async def coroutine() -> None: ...

    def generator() -> Iterator[int]:
        yield 1

    async def async_generator() -> AsyncIterator[int]:
        yield 1

    for function in (coroutine, generator, async_generator):
        with pytest.raises(ScopeError):
            carry_scope(function)


def test_two_hundred_tasks_keep_their_own_tenants() -> None:
    shuffled = random.Random(5)

    async def later(tenant: str) -> bool:
        await asyncio.sleep(0)
        return current_tenant() == tenant

    async def one(number: int) -> bool:
        tenant = f"tenant-{number}"
        with scope(tenant=tenant):
            left_behind = asyncio.create_task(later(tenant))
            for _ in range(shuffled.randrange(5)):
                await asyncio.sleep(0)
                if current_tenant() != tenant:
                    return False
            in_thread = await asyncio.to_thread(current_tenant) == tenant
        return await left_behind and in_thread and current_acting() is None

    async def main() -> list[bool]:
        return await asyncio.gather(*[one(number) for number in range(200)])

    assert all(asyncio.run(main()))


def test_a_task_keeps_its_tenant_when_the_block_that_made_it_has_ended() -> None:
    async def main() -> str:
        async def later() -> str:
            await asyncio.sleep(0)
            return current_tenant()

        with scope(tenant="acme"):
            task = asyncio.create_task(later())
        with scope(tenant="beta"):
            return await task

    assert asyncio.run(main()) == "acme"


def test_a_stream_is_made_in_the_scope_it_was_begun_in() -> None:
    def rows() -> Iterator[str]:
        yield current_tenant()
        yield current_tenant()

    with scope(tenant="acme"):
        stream = carry_scope_steps(rows())
        of_a_list = carry_scope_steps([1, 2])
    with scope(tenant="beta"):
        assert list(stream) == ["acme", "acme"]
        assert list(of_a_list) == [1, 2]
        of_a_list.close()


def test_an_async_stream_too() -> None:
    closed = []

    async def rows() -> AsyncIterator[str]:
        try:
            while True:
                yield current_tenant()
        finally:
            closed.append(current_tenant())

    async def main() -> None:
        with scope(tenant="acme"):
            stream = carry_scope_async_steps(rows())
        async for tenant in stream:
            assert tenant == "acme"
            break
        await stream.aclose()
        assert closed == ["acme"]

    asyncio.run(main())
