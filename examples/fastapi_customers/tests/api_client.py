"""Requests to the application, in this process."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx


class Client:
    """One caller, with an API key."""

    def __init__(self, app: Any, key: str) -> None:
        self.app = app
        self.headers = {"X-Api-Key": key}

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://test", headers=self.headers
            ) as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)
