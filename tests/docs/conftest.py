"""A server for the Vault page: nothing is mounted in it yet, since the page sets it up from the beginning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest
from plugins.openbao_server import OpenBao, find_binary, free_port, running, wait_until


@pytest.fixture
def new_openbao(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenBao]:
    """A development server of its own; `bao` on PATH talks to it as root."""
    binary, home = find_binary(), tmp_path_factory.mktemp("new-openbao")
    port, root = free_port(), token_hex(16)
    (home / "bao").symlink_to(binary)  # where there is only `vault`, the page's commands are its commands too
    monkeypatch.setenv("PATH", str(home), prepend=":")
    arguments = ["-dev", "-dev-no-store-token", f"-dev-listen-address=127.0.0.1:{port}"]
    environment = {"BAO_DEV_ROOT_TOKEN_ID": root, "VAULT_DEV_ROOT_TOKEN_ID": root}
    with running(binary, arguments, Path(home / "log"), environment):
        server = OpenBao(f"http://127.0.0.1:{port}", root=root)
        wait_until(lambda: server.health() == 200, "the server is ready")
        yield server
