"""Run a command with DATABASE_URL set: as it is, or to a PostgreSQL server that lives as long as the command.

    python with_postgresql.py COMMAND [ARGUMENT …]

The server is a fresh cluster in a temporary folder, for this machine only, and gone at the end. It needs the
programs of PostgreSQL, `initdb` and `pg_ctl`, on PATH or where Debian puts them. They refuse to run as root; then
another user of the system runs them.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def main() -> int:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if os.environ.get("DATABASE_URL"):
        return run_command(os.environ["DATABASE_URL"])
    programs = postgresql_programs()
    if programs is None:
        sys.exit("no PostgreSQL here: install it, or set DATABASE_URL to a database that may be written to")
    with throw_away_server(programs) as url:
        return run_command(url)


def run_command(url: str) -> int:
    command = subprocess.Popen(sys.argv[1:], env=os.environ | {"DATABASE_URL": url})
    signal.signal(signal.SIGTERM, lambda *_: command.terminate())
    while True:
        try:
            return command.wait()
        except KeyboardInterrupt:  # the command has got it too: let it finish
            continue


def postgresql_programs() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: one.parent.name.zfill(4), reverse=True
    )
    return next((one for one in folders if (one / "initdb").exists() and (one / "pg_ctl").exists()), None)


@contextmanager
def throw_away_server(programs: Path) -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="fieldvault-example-", dir="/tmp"))
    data, log, user = folder / "data", folder / "log", unprivileged_user()
    if user is not None:
        shutil.chown(folder, user)

    def run(program: str, *arguments: str) -> None:
        group = None if user is None else pwd.getpwnam(user).pw_gid
        done = subprocess.run(
            [programs / program, "-D", data, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            cwd=folder,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            start_new_session=True,  # Ctrl-C is for the command, not for the server
            check=False,
        )
        if done.returncode:
            sys.exit(f"{program} failed: {(done.stdout or b'').decode()}{log.read_text() if log.exists() else ''}")

    try:
        run("initdb", "-U", "example", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "start", "-w", "-l", str(log), "-o", options)
        try:
            yield f"postgresql+psycopg://example@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate")
    finally:
        shutil.rmtree(folder)


def unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


if __name__ == "__main__":
    sys.exit(main())
