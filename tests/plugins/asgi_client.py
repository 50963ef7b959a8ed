"""Requests to an ASGI application in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx


class AsgiClient:
    """One event loop a request, as no test of ours needs two requests of one client at once."""

    def __init__(self, application: Callable[..., Any], base_url: str = "http://testserver") -> None:
        self._application = application
        self._base_url = base_url

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._application)
            async with httpx.AsyncClient(transport=transport, base_url=self._base_url) as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", path, **options)
