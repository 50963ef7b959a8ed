"""A MariaDB or MySQL server, where there is one: not one of the services that the tests must have.

`FIELDVAULT_TEST_MYSQL_URL` names a server whose user may create databases. Otherwise a MariaDB of our own is
started on a socket in a temporary folder, where `mariadbd` and `mariadb-install-db` are installed.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from plugins.postgresql import unprivileged_user
from sqlalchemy import create_engine, make_url
from sqlalchemy.engine import URL

_numbers = count(1)


@pytest.fixture(scope="session")
def mysql_url() -> Iterator[URL]:
    """A server; the database that the URL names, if any, is left alone."""
    given = os.environ.get("FIELDVAULT_TEST_MYSQL_URL")
    if given:
        yield make_url(given)
        return
    search = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    server, installer = (shutil.which(name, path=search) for name in ("mariadbd", "mariadb-install-db"))
    if not (server and installer):
        pytest.skip("no MariaDB installed and FIELDVAULT_TEST_MYSQL_URL not set")
    folder = Path(tempfile.mkdtemp(prefix="fv-my-", dir="/tmp"))
    try:
        yield from _running(folder, server, installer)
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def mysql_database(mysql_url: URL) -> Iterator[str]:
    """The URL of a fresh, empty database."""
    name = f"fieldvault_test_{os.getpid()}_{next(_numbers)}"
    engine = create_engine(mysql_url)
    try:
        with engine.connect() as connection:
            # The server's default, so that the columns' own collation is what is tested.
            connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET latin1")
            try:
                yield mysql_url.set(database=name).render_as_string(hide_password=False)
            finally:
                connection.exec_driver_sql(f"DROP DATABASE {name}")
    finally:
        engine.dispose()


def _running(folder: Path, server: str, installer: str) -> Iterator[URL]:
    user = unprivileged_user()
    as_user = [f"--user={user}"] if user else []
    if user:
        shutil.chown(folder, user)
    data, sock = folder / "data", folder / "socket"
    base = ["--no-defaults", f"--datadir={data}", *as_user]
    with (folder / "output").open("ab") as output:
        subprocess.run(
            [installer, *base, "--auth-root-authentication-method=normal", "--skip-test-db"],
            stdout=output,
            stderr=output,
            check=True,
            timeout=120,
        )
        process = subprocess.Popen(
            [
                server,
                *base,
                f"--socket={sock}",
                "--skip-networking",
                f"--pid-file={folder / 'pid'}",
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-buffer-pool-size=32M",
            ],
            stdout=output,
            stderr=output,
        )
    try:
        _wait(process, sock, folder)
        yield URL.create("mysql+pymysql", username="root", query={"unix_socket": str(sock)})
    finally:
        process.terminate()
        process.wait(60)


def _wait(process: subprocess.Popen[bytes], sock: Path, folder: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(sock)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"MariaDB does not start: {(folder / 'output').read_text()[-2000:]}")
