"""One thread's connection to the server: an hvac client that infers nothing and raises nothing.

Rules of this file:

1. hvac is told everything: no VAULT_TOKEN, no ~/.vault-token, no proxy variables, no ~/.netrc. Redirects are never
   followed, because they would take the token with them.
2. Exceptions of requests hold the request with its token and body, so they end here: turned into a `Trouble` inside
   the `except` block, returned instead of raised, in nobody's `__context__`.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import hvac
import requests
import urllib3
from requests.adapters import HTTPAdapter

from fieldvault.errors import KekMisconfigured, KekUnavailable
from fieldvault.kek.hidden import Hidden
from fieldvault.kek.vault_transit.failures import Trouble

Send = Callable[[Any], Any]
"""Makes one request with an hvac client and returns the `requests.Response`."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where to send requests. `verify` is a CA file or folder, or True; `namespace` None is the root."""

    url: str
    verify: str | bool
    namespace: str | None


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, the `Retry-After` header, and the JSON object that came with it ({} where none did)."""

    status: int
    retry_after: str | None
    body: Mapping[str, Any] = field(repr=False)

    def data(self) -> Mapping[str, Any]:
        data = self.body.get("data")
        return data if isinstance(data, dict) else {}

    def says(self, text: str) -> bool:
        """Is `text` in the server's error texts? They choose between messages, never between outcomes."""
        return text in json.dumps(self.body.get("errors"))


class ThreadClient:
    """A client for one thread. It holds a token only while it sends."""

    def __init__(self, server: Server) -> None:
        self._timed = _TimedAdapter(pool_connections=1, pool_maxsize=1)
        self._hvac = hvac.Client(
            url=server.url,
            token="",
            cert=(),  # None would take VAULT_CLIENT_CERT from the environment
            verify=server.verify,
            proxies={},
            allow_redirects=False,
            adapter=hvac.adapters.RawAdapter,
            namespace=server.namespace,
            ignore_exceptions=True,  # statuses come back as responses; hvac's exceptions would hold the body
        )
        self._hvac.session.trust_env = False
        for scheme in ("https://", "http://"):
            self._hvac.session.mount(scheme, self._timed)

    def send(self, send: Send, token: Hidden[str] | None, limits: tuple[float, float]) -> Reply | Trouble:
        """One attempt. `limits` are seconds to connect and between two reads."""
        self._timed.limits = limits
        self._hvac.token = "" if token is None else token.reveal()
        try:
            return _reply(send(self._hvac))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            return trouble_of(error)
        finally:
            self._hvac.token = ""

    def close(self) -> None:
        self._hvac.session.close()


class _TimedAdapter(HTTPAdapter):
    """Gives every request the limits of its attempt: hvac's login methods take no timeout."""

    limits: tuple[float, float] = (1.0, 1.0)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,  # noqa: ARG002
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        return super().send(request, stream=stream, timeout=self.limits, verify=verify, cert=cert, proxies=proxies)


def trouble_of(error: BaseException) -> Trouble:
    """What an exception of requests, urllib3 or the socket means."""
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Trouble(
                KekMisconfigured,
                "the server's certificate is not trusted, or is not for this host",
                "ca= names the CA of the server; a certificate check cannot be turned off",
            )
        if isinstance(cause, ssl.SSLError) and getattr(cause, "reason", None) in {
            "WRONG_VERSION_NUMBER",
            "HTTP_REQUEST",
        }:
            return Trouble(KekMisconfigured, "the server does not speak TLS on this port", "is the address right?")
    if isinstance(error, requests.Timeout):
        return _unavailable("the server did not answer in time")
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidHeader):
        return Trouble(KekMisconfigured, "the request could not be sent", "is the address right?")
    return _unavailable("the connection was refused or lost")


def _unavailable(message: str) -> Trouble:
    return Trouble(KekUnavailable, message, "is the server up, and the address right?", transient=True)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and what is inside it: urllib3 keeps causes in `reason` and in `args` too."""
    pending, seen = [error], set[int]()
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = (current.__cause__, current.__context__, getattr(current, "reason", None), *current.args)
        pending.extend(one for one in inner if isinstance(one, BaseException))


def _reply(response: requests.Response) -> Reply:
    try:
        body = json.loads(response.content) if response.content else {}
    except (ValueError, RecursionError):
        body = {}
    return Reply(response.status_code, response.headers.get("Retry-After"), body if isinstance(body, dict) else {})
