"""A PostgreSQL server of our own: a fresh cluster on a free port in a temporary folder, gone at the end.

PostgreSQL refuses to run as root, so where the tests do, the server runs as the first system user of
`postgres` and `nobody` that exists. Each pytest-xdist worker starts its own.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest
from plugins.services import service_missing

_SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "fsync": "off",
    "synchronous_commit": "off",  # an immediate stop loses what did not insist on its commit
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "'32MB'",
    "timezone": "'Asia/Kolkata'",  # not UTC, so that a lost time zone shows
}
_numbers = count(1)


@dataclass(frozen=True)
class PostgresqlServer:
    """A running cluster. `stop` and `start` are for outages; data and port stay."""

    folder: Path
    port: int
    binaries: Path
    user: str | None

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://fieldvault@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        data, log = str(self.folder / "data"), str(self.folder / "log")
        self.run("pg_ctl", "start", "-w", "-t", "60", "-D", data, "-l", log, "-o", f"-p {self.port}")

    def stop(self) -> None:
        self.run("pg_ctl", "stop", "-w", "-t", "60", "-m", "immediate", "-D", str(self.folder / "data"))

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement as the superuser, outside a transaction."""
        dsn = f"postgresql://fieldvault@127.0.0.1:{self.port}/{database}"
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(statement.encode())

    def run(self, program: str, *arguments: str) -> None:
        with (self.folder / "output").open("ab") as output:
            done = subprocess.run(
                [str(self.binaries / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                timeout=120,
                check=False,
                user=self.user,
                group=None if self.user is None else pwd.getpwnam(self.user).pw_gid,
                extra_groups=None if self.user is None else [],
            )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {(self.folder / 'output').read_text()[-2000:]}")


def find_binaries() -> Path | None:
    """The newest folder that has both `initdb` and `pg_ctl`, on PATH or where Debian puts them."""
    candidates = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(debian, key=lambda path: path.parent.name.zfill(4), reverse=True)
    return next((path for path in candidates if (path / "initdb").exists() and (path / "pg_ctl").exists()), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def unprivileged_user() -> str | None:
    """None where we are not root; otherwise a system user that can run a database server."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def _started(folder: Path, binaries: Path, user: str | None) -> PostgresqlServer:
    data = str(folder / "data")
    how = ["-U", "fieldvault", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"]
    PostgresqlServer(folder, 0, binaries, user).run("initdb", "-D", data, *how)
    with (folder / "data" / "postgresql.conf").open("a") as file:
        settings = {**_SETTINGS, "unix_socket_directories": f"'{folder}'"}
        file.writelines(f"{name} = {value}\n" for name, value in settings.items())
    for _ in range(3):
        server = PostgresqlServer(folder, free_port(), binaries, user)
        with suppress(RuntimeError):  # somebody else took the port in between
            server.start()
            return server
    raise RuntimeError(f"PostgreSQL does not start: {(folder / 'log').read_text()[-2000:]}")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    binaries = find_binaries()
    if binaries is None:
        service_missing("PostgreSQL's initdb and pg_ctl are neither on PATH nor under /usr/lib/postgresql")
        return
    # Not pytest's tmp_path: the server's user cannot enter it, and a socket's path is limited to 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="fv-pg-", dir="/tmp"))
    user = unprivileged_user()
    if user is not None:
        shutil.chown(folder, user)
    try:
        server = _started(folder, binaries, user)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: PostgresqlServer) -> str:
    """The server's own database. For anything that writes, take `postgresql_database`."""
    return postgresql_server.url("postgres")


@pytest.fixture
def postgresql_database(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """The URL of a fresh, empty database."""
    name = f"test_{next(_numbers)}"
    postgresql_server.execute(f"CREATE DATABASE {name}")
    try:
        yield postgresql_server.url(name)
    finally:
        postgresql_server.execute(f"DROP DATABASE {name} WITH (FORCE)")
