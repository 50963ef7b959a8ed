from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from fieldvault.errors import ScopeError
from fieldvault.scoping import AsgiScope, WsgiScope, current_acting, current_actor, current_tenant


class Streamed:
    """A response whose body is made while the server sends it, as a database cursor's is."""

    def __init__(self) -> None:
        self.closed_for = ""

    def __iter__(self) -> Iterator[bytes]:
        yield current_tenant().encode()
        yield (current_actor() or "nobody").encode()

    def close(self) -> None:
        self.closed_for = "outside"


def call_wsgi(application: Callable[..., Iterable[bytes]], **given: str) -> list[bytes]:
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    environ.update(given)
    response = application(environ, lambda *_: None)
    assert current_acting() is None
    body = list(response)
    assert current_acting() is None
    if hasattr(response, "close"):
        response.close()
    return body


def test_wsgi_runs_the_application_and_its_stream_in_the_tenants_scope() -> None:
    streamed = Streamed()
    application = WsgiScope(
        lambda environ, start: streamed,
        lambda environ: environ["HTTP_HOST"].split(".")[0],
        actor_of=lambda environ: environ.get("REMOTE_USER"),
    )
    assert call_wsgi(application, HTTP_HOST="acme.example.com", REMOTE_USER="ann") == [b"acme", b"ann"]


def test_wsgi_keeps_a_list_whose_length_servers_take() -> None:
    body = [b"done"]
    application = WsgiScope(lambda environ, start: body, lambda environ: "acme")
    environ: dict[str, Any] = {}
    assert application(environ, lambda *_: None) is body  # type: ignore[arg-type, comparison-overlap, return-value]


def test_wsgi_closes_the_stream_in_the_scope() -> None:
    closed: list[str] = []

    def body() -> Iterator[bytes]:
        try:
            yield b"one"
            yield b"two"
        finally:
            closed.append(current_tenant())

    response = WsgiScope(lambda environ, start: body(), lambda environ: "acme")({}, lambda *_: None)  # type: ignore[arg-type, return-value]
    next(iter(response))
    response.close()  # type: ignore[attr-defined]
    assert closed == ["acme"]


def test_where_no_tenant_is_named_there_is_no_scope() -> None:
    def application(environ: Any, start: Any) -> list[bytes]:
        with pytest.raises(ScopeError):
            current_tenant()
        return [b"healthy"]

    assert call_wsgi(WsgiScope(application, lambda environ: None)) == [b"healthy"]


def connection(kind: str, host: bytes = b"acme.example.com") -> dict[str, Any]:
    return {"type": kind, "headers": [(b"host", host)]}


def host_tenant(scope: Any) -> str:
    return dict(scope["headers"])[b"host"].split(b".")[0].decode()


async def host_tenant_async(scope: Any) -> str:
    await asyncio.sleep(0)
    return host_tenant(scope)


async def nothing(*_: Any) -> Any:
    return {}


@pytest.mark.parametrize("naming", [host_tenant, host_tenant_async])
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_asgi_runs_requests_and_their_tasks_in_the_tenants_scope(naming: Any, kind: str) -> None:
    seen: list[tuple[str, str | None]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        async def child() -> None:
            seen.append((current_tenant(), current_actor()))

        await asyncio.create_task(child())
        await asyncio.to_thread(lambda: seen.append((current_tenant(), current_actor())))

    async def main() -> None:
        await AsgiScope(application, naming, actor_of=lambda scope: "ann")(connection(kind), nothing, nothing)
        assert current_acting() is None

    asyncio.run(main())
    assert seen == [("acme", "ann")] * 2


def test_asgi_leaves_the_lifespan_alone() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert current_acting() is None

    asyncio.run(AsgiScope(application, host_tenant)({"type": "lifespan"}, nothing, nothing))


def test_two_hundred_requests_at_once_do_not_mix() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
            assert current_tenant() == host_tenant(scope)

    async def main() -> None:
        scoped = AsgiScope(application, host_tenant)
        hosts = [f"tenant-{number}.example.com".encode() for number in range(200)]
        await asyncio.gather(*[scoped(connection("http", host), nothing, nothing) for host in hosts])

    asyncio.run(main())
