"""A logged-in connection to the server: one client for each thread, one login for all of them.

Rules of this file:

1. requests' sessions are not promised to be thread-safe, so each thread has its own client; the token is shared.
2. A forked child keeps the token but no socket and no lock of its parent: both hang on the process id.
3. A 403 may mean an expired token or a missing policy; the texts are too fragile to tell. So: one new login, one
   more try, and then the 403 stands. Threads that meet the same 403 share one login.
4. A login spends the budget of the request that needs it.
"""

from __future__ import annotations

import hmac
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Never

from fieldvault.errors import KekUnavailable
from fieldvault.kek.hidden import Hidden
from fieldvault.kek.vault_transit import failures
from fieldvault.kek.vault_transit.auth import VaultAuth
from fieldvault.kek.vault_transit.client import Reply, Send, Server, ThreadClient
from fieldvault.kek.vault_transit.retry import Attempts, RetryPolicy, Timeouts

_log = logging.getLogger(__name__)

Body = Hidden[dict[str, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class _Login:
    token: Hidden[str]


class _Process:
    """What a forked child must not share with its parent."""

    def __init__(self) -> None:
        self.login_lock = threading.Lock()
        self.local = threading.local()


class VaultSession:
    """For any number of threads. `kek` names the KEK in errors."""

    def __init__(
        self, *, kek: str, server: Server, auth: VaultAuth, retry: RetryPolicy, timeouts: Timeouts
    ) -> None:
        self._kek = kek
        self._server = server
        self._auth = auth
        self._retry = retry
        self._timeouts = timeouts
        self._login: _Login | None = None
        self._processes: dict[int, _Process] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._kek})"

    def __reduce__(self) -> Never:
        raise TypeError("a Vault session cannot be pickled or copied: it holds a token")

    def log_in(self) -> None:
        """Make sure that there is a token. Raises `KekError`."""
        if self._login is None:
            self._new_login(None, self._retry.begin())

    def request(self, method: str, path: str, body: Body | None = None) -> Reply:
        """Send, retry, log in again once. Returns 2xx, and every 4xx that is about this request.

        Raises `KekUnavailable` when the budget is used up, `KekDenied` when the login is refused,
        `KekMisconfigured` for a wrong certificate, a redirect or a server that is not initialised.
        """
        attempts = self._retry.begin()
        send = _request(method, path, body)
        had = self._login
        login = had or self._new_login(None, attempts)
        reply = self._retried(send, login.token, attempts)
        if reply.status in {401, 403} and had is not None:
            renewed = self._new_login(had, attempts)
            if renewed is not had:
                return self._retried(send, renewed.token, attempts)
        return reply

    def request_without_new_login(self, method: str, path: str, body: Body | None = None) -> Reply:
        """As `request`, with the login that there is: for a question asked because of a 403."""
        attempts = self._retry.begin()
        login = self._login or self._new_login(None, attempts)
        return self._retried(_request(method, path, body), login.token, attempts)

    def ask_anonymously(self, path: str) -> Reply:
        """One GET without token, namespace and retry, whatever its status. Raises `KekError` without a reply."""
        server = Server(self._server.url, self._server.verify, namespace=None)
        with closing(ThreadClient(server)) as client:
            outcome = client.send(_request("GET", path, None), None, self._timeouts.within(self._retry.budget))
        if isinstance(outcome, failures.Trouble):
            raise outcome.error(self._kek, 1)
        return outcome

    def _new_login(self, refused: _Login | None, attempts: Attempts) -> _Login:
        """The login that follows `refused` (None: the first): made now, unless another thread was faster.

        Returns `refused` itself where logging in gives the same token again, as a fixed token does.
        """
        with self._login_lock(attempts):
            if self._login is not None and self._login is not refused:
                return self._login
            token = self._auth.log_in(lambda send: self._token_from(send, attempts))
            if refused is not None and hmac.compare_digest(token.reveal(), refused.token.reveal()):
                return refused
            _log.debug("%s: logged in by %s", self._kek, self._auth.label)
            self._login = _Login(token)
            return self._login

    def _token_from(self, send: Send, attempts: Attempts) -> Hidden[str]:
        reply = self._retried(send, None, attempts)
        token = _client_token(reply)
        if token is None:
            raise failures.login_refused(self._kek, self._auth.label, reply.status)
        return token

    def _retried(self, send: Send, token: Hidden[str] | None, attempts: Attempts) -> Reply:
        while True:
            outcome = self._client().send(send, token, self._timeouts.within(attempts.remaining()))
            if isinstance(outcome, Reply):
                trouble = failures.of_status(outcome.status, outcome.retry_after)
                if trouble is None:
                    return outcome
            else:
                trouble = outcome
            _log.debug("%s: attempt %d failed: %s", self._kek, attempts.number, trouble.message)
            if not (trouble.transient and attempts.pause(trouble.retry_after)):
                raise trouble.error(self._kek, attempts.number)

    def _client(self) -> ThreadClient:
        local = self._process().local
        client: ThreadClient | None = getattr(local, "client", None)
        if client is None:
            client = local.client = ThreadClient(self._server)
        return client

    def _process(self) -> _Process:
        pid = os.getpid()
        process = self._processes.get(pid)
        if process is None:
            process = self._processes.setdefault(pid, _Process())  # atomic: the child's threads agree on one
            for other in [known for known in list(self._processes) if known != pid]:
                self._processes.pop(other, None)
        return process

    @contextmanager
    def _login_lock(self, attempts: Attempts) -> Iterator[None]:
        lock = self._process().login_lock
        if not lock.acquire(timeout=min(attempts.remaining(), threading.TIMEOUT_MAX)):
            raise KekUnavailable(f"{self._kek}: another thread's login is still waiting for the server")
        try:
            yield
        finally:
            lock.release()


def _request(method: str, path: str, body: Body | None) -> Send:
    return lambda client: client.adapter.request(
        method, f"/v1/{path}", json=None if body is None else body.reveal()
    )


def _client_token(reply: Reply) -> Hidden[str] | None:
    auth = reply.body.get("auth") if reply.status == 200 else None
    token = auth.get("client_token") if isinstance(auth, dict) else None
    if not isinstance(token, str) or not token or not (token.isascii() and token.isprintable()):
        return None
    return Hidden(token)
