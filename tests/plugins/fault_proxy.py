"""An HTTP proxy on loopback that forwards to a real server and misbehaves on request.

with FaultProxy("http://127.0.0.1:8200") as proxy:
    proxy.plan(Status(500), Drop.IN_MID_RESPONSE)   # the next two requests, in this order
    proxy.always(Status(503))                       # from then on, until `heal`
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Status:
    """Answer with this status without asking the server. `body` is JSON, or bytes sent as they are."""

    code: int
    body: object = field(default_factory=lambda: {"errors": ["injected"]})
    headers: Mapping[str, str] = field(default_factory=dict)


class Drop(Enum):
    BEFORE_REQUEST = auto()
    """Close the connection; the server never sees the request."""
    IN_MID_RESPONSE = auto()
    """The server did its work; half of its answer arrives."""
    HANG = auto()
    """Answer nothing until the proxy closes: the client must give up by itself."""


Fault = Status | Drop
NO_ACTIVE_NODE = Status(500, {"errors": ["local node not active but active cluster node not found"]})


class FaultProxy:
    """`requests` lists (method, path) of everything that arrived, `tokens` the login tokens that came with it."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self._plan: deque[Fault | None] = deque()
        self._always: Fault | None = None
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._closing = threading.Event()
        self.requests: list[tuple[str, str]] = []
        self.tokens: list[str | None] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def plan(self, *faults: Fault | None) -> None:
        """What happens to the next requests, one each; None lets one through."""
        with self._lock:
            self._plan.extend(faults)

    def always(self, fault: Fault) -> None:
        """What happens to every request after the plan."""
        with self._lock:
            self._always = fault

    def heal(self) -> None:
        with self._lock:
            self._plan.clear()
            self._always = None

    def paths(self) -> list[str]:
        return [path for _, path in self.requests]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()

    def _next(self, method: str, path: str, token: str | None) -> Fault | None:
        with self._lock:
            self.requests.append((method, path))
            self.tokens.append(token)
            return self._plan.popleft() if self._plan else self._always

    def _forward(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(str(self._upstream.hostname), self._upstream.port, timeout=30)
        try:
            connection.request(method, path, body, {k: v for k, v in headers.items() if k.lower() != "host"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                with proxy._lock:
                    proxy._open.add(self.connection)

            def finish(self) -> None:
                with proxy._lock:
                    proxy._open.discard(self.connection)
                with contextlib.suppress(OSError):
                    super().finish()

            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    super().handle()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Keep the test's output clean."""

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fault = proxy._next(self.command, self.path, self.headers.get("X-Vault-Token"))
                if fault is Drop.BEFORE_REQUEST:
                    self.close_connection = True
                    return
                if fault is Drop.HANG:
                    proxy._closing.wait()
                    self.close_connection = True
                    return
                extra: Mapping[str, str] = {}
                if isinstance(fault, Status):
                    status, extra = fault.code, fault.headers
                    content = fault.body if isinstance(fault.body, bytes) else json.dumps(fault.body).encode()
                else:
                    status, content = proxy._forward(self.command, self.path, dict(self.headers), body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                for name, value in extra.items():
                    self.send_header(name, value)
                self.end_headers()
                if fault is Drop.IN_MID_RESPONSE:
                    self.wfile.write(content[: len(content) // 2])
                    self.close_connection = True
                    return
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = _serve

        return Handler
