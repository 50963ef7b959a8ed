"""A real OpenBao for the benchmarks that ask one: a development server of their own, as the tests start it."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

from peers.base import library


@contextlib.contextmanager
def openbao() -> Iterator[Any]:
    """`tests/plugins/openbao_server.OpenBao`, with a transit mount and an audit log. Raises `PeerMissing`."""
    tests = str(Path(__file__).parent.parent / "tests")
    if tests not in sys.path:
        sys.path.append(tests)
    server = library("plugins.openbao_server")
    binary = server.find_binary()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        port, root, audit, log = server.free_port(), token_hex(16), home / "audit.log", home / "log"
        config = home / "extra.hcl"
        config.write_text(server.audit_stanza(binary, audit) or "ui = false\n")
        arguments = ["-dev", "-dev-no-store-token", f"-dev-listen-address=127.0.0.1:{port}", f"-config={config}"]
        with server.running(
            binary, arguments, log, {"BAO_DEV_ROOT_TOKEN_ID": root, "VAULT_DEV_ROOT_TOKEN_ID": root}
        ):
            bao = server.OpenBao(f"http://127.0.0.1:{port}", root=root, audit=audit)
            server.wait_until(lambda: bao.health() == 200, "the server is ready")
            server.enable_audit(binary, bao)
            bao.api("POST", f"sys/mounts/{bao.mount}", {"type": "transit"})
            yield bao
