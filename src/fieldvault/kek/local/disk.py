"""A file that is written once, whole or not at all, and that nobody else may read.

Rules of this file:

1. The file gets its name by `link`, which fails if the name is taken, and only once its bytes are on disk. So of
   two who create it at once one wins, and a crash leaves at most a hidden `.new` file, which nobody reads.
2. What is checked is what is read: mode and kind are asked of the open file, not of its name. A symbolic link
   is therefore followed when reading (mounted secrets are links) and never when creating.
"""

from __future__ import annotations

import os
import secrets
import shlex
import stat
from pathlib import Path

from fieldvault.errors import KekMisconfigured
from fieldvault.kek.hidden import Hidden

OWNER_ONLY = 0o600
GROUP_AND_OTHERS = 0o077
POSIX = os.name == "posix"
"""Elsewhere mode bits say nothing, and a directory cannot be opened to be synced."""


def refuse_existing(path: Path) -> None:
    """Raises `KekMisconfigured` if there is anything of that name, a dangling link included."""
    if os.path.lexists(path):
        raise _exists(path)


def write_new(path: Path, content: Hidden[bytes]) -> None:
    """Create `path` with this content and mode 0600, and sync file and directory to disk.

    Raises `KekMisconfigured` if the name is taken or the file cannot be written; then there is nothing new under
    that name, unless only the last step failed, the syncing of the directory.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    try:
        try:
            _write_synced(draft, content)
            os.link(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        _sync_directory(path.parent)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise KekMisconfigured(
            f"the local KEK {path} cannot be created: {error.strerror}",
            hint="its directory must exist, be writable, and be on a file system with hard links",
        ) from None


def read_private(path: Path, limit: int) -> Hidden[bytes]:
    """At most `limit` bytes of a regular file that only its owner may read.

    Raises `KekMisconfigured` if it is missing, unreadable, not a regular file, or open to group or others.
    """
    # O_NONBLOCK: a FIFO of that name must not keep us waiting. For a regular file it means nothing.
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise KekMisconfigured(f"there is no local KEK {path}", hint="create it, or correct its path") from None
    except OSError as error:
        raise _unreadable(path, error) from None
    try:
        _refuse_public(path, os.fstat(descriptor).st_mode)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return Hidden(file.read(limit))
    except OSError as error:
        raise _unreadable(path, error) from None
    finally:
        os.close(descriptor)


def _write_synced(path: Path, content: Hidden[bytes]) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, OWNER_ONLY), "wb") as file:
        if POSIX:
            os.fchmod(file.fileno(), OWNER_ONLY)  # a umask can take bits from the owner too
        file.write(content.reveal())
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    if POSIX:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _refuse_public(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise KekMisconfigured(f"the local KEK {path} is not a regular file")
    if POSIX and mode & GROUP_AND_OTHERS:
        raise KekMisconfigured(
            f"the local KEK {path} is open to its group or to others (mode {stat.S_IMODE(mode):04o})",
            hint=f"chmod 600 {shlex.quote(str(path))}",
        )


def _exists(path: Path) -> KekMisconfigured:
    return KekMisconfigured(
        f"{path} exists already, and a KEK is never overwritten",
        hint="what the old one wrapped would be lost; open it, or create another under a new name",
    )


def _unreadable(path: Path, error: OSError) -> KekMisconfigured:
    return KekMisconfigured(f"the local KEK {path} cannot be read: {error.strerror}")
