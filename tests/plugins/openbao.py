"""Fixtures: a real OpenBao server in memory, one behind TLS, and a two-node cluster.

In order of preference: the server at FIELDVAULT_TEST_VAULT_ADDR with the root token FIELDVAULT_TEST_VAULT_TOKEN
(development servers only), `bao` from the test dependencies, `bao` or `vault` on PATH. Without any of them the
tests that need one skip, or fail where FIELDVAULT_REQUIRE_SERVICES=1.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest
from plugins.openbao_server import (
    OpenBao,
    audit_stanza,
    enable_audit,
    find_binary,
    free_port,
    running,
    wait_until,
)
from plugins.openbao_tls import tls_cluster


@pytest.fixture(scope="session")
def openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """A development server, shared by the session: make a key of your own with `create_key`."""
    given = os.environ.get("FIELDVAULT_TEST_VAULT_ADDR")
    if given:
        server = OpenBao(given, root=os.environ["FIELDVAULT_TEST_VAULT_TOKEN"], mount=f"transit-{token_hex(4)}")
        server.api("POST", f"sys/mounts/{server.mount}", {"type": "transit"})
        yield server
        server.api("DELETE", f"sys/mounts/{server.mount}")
        return
    binary = find_binary()
    home = tmp_path_factory.mktemp("openbao")
    port, root, audit, log = free_port(), token_hex(16), home / "audit.log", home / "log"
    config = home / "extra.hcl"
    config.write_text(audit_stanza(binary, audit) or "ui = false\n")
    arguments = ["-dev", "-dev-no-store-token", f"-dev-listen-address=127.0.0.1:{port}", f"-config={config}"]
    environment = {"BAO_DEV_ROOT_TOKEN_ID": root, "VAULT_DEV_ROOT_TOKEN_ID": root}
    with running(binary, arguments, log, environment):
        server = OpenBao(f"http://127.0.0.1:{port}", root=root, audit=audit)
        wait_until(lambda: server.health() == 200 and "Unseal Key:" in log.read_text(), "the server is ready")
        server.unseal_key = _unseal_key(log)
        enable_audit(binary, server)
        server.api("POST", f"sys/mounts/{server.mount}", {"type": "transit"})
        yield server


@pytest.fixture(scope="session")
def openbao_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """One node on raft behind TLS, with a CA that nobody else knows (`ca`)."""
    with tls_cluster(tmp_path_factory.mktemp("openbao-tls"), nodes=1) as cluster:
        yield cluster[0]


@pytest.fixture(scope="session")
def openbao_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[OpenBao]]:
    """Two nodes on raft behind TLS: the first is active, the second a standby, until a test makes them change."""
    with tls_cluster(tmp_path_factory.mktemp("openbao-cluster"), nodes=2) as cluster:
        yield cluster


def _unseal_key(log: Path) -> str:
    found = re.search(r"Unseal Key: (\S+)", log.read_text())
    assert found, "the development server prints its unseal key"
    return found[1]
