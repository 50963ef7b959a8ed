"""PartialFile: an output that has its name only once it is whole.

Rules of this file:

1. Until `commit`, the bytes are in `.NAME.<random>.partial` beside the final name, made anew (O_EXCL) with mode
   0600. A run that is killed leaves that file and nothing else; it is safe to delete, and nothing ever reads it.
2. `commit` brings the bytes to the disk, then gives them the final name in one step, then brings the name to the
   disk. Where the caller did not allow to replace a file, that step fails if one has appeared meanwhile.
3. A file that is replaced is replaced with its mode: the new one is 0600, whatever the old one was.
"""

from __future__ import annotations

import io
import os
import secrets
from pathlib import Path
from typing import Any

from fieldvault.errors import ConfigurationError
from fieldvault.files.trouble import unwritable

_NAME_CHARACTERS = 48
"""Of the final name in the partial one: with four bytes a character, it still fits into 255 bytes."""


class PartialFile(io.RawIOBase):
    """Made by `create`, so that whoever discards it has it before there is anything to discard.

    Each `write` writes everything, or raises `OSError`.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.partial = path.parent / f".{path.name[:_NAME_CHARACTERS]}.{secrets.token_hex(8)}.partial"
        self._position = 0
        self._fd = -1

    def create(self) -> None:
        """Make the file. Raises `ConfigurationError`: no such folder, no permission."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        try:
            self._fd = os.open(self.partial, flags, 0o600)
            return
        except OSError as error:
            refused = unwritable(self.path, error)
        raise refused

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        with memoryview(data) as view:
            written = 0
            # os.write may write a part; pyarrow does not look at what write returns.
            while written < view.nbytes:
                written += os.write(self._fd, view[written:])
            self._position += written
            return written

    def commit(self, *, replace: bool) -> None:
        """Give the file its name. Raises `OSError`, or `ConfigurationError` where the name was taken meanwhile."""
        os.fsync(self._fd)
        self._close_fd()
        if replace:
            self.partial.replace(self.path)
        else:
            self._name_if_free()
        _sync_directory(self.path.parent)
        self.close()

    def discard(self) -> None:
        """Delete what has been written. Raises nothing: there is an error on its way already."""
        self._close_fd()
        self.close()
        try:
            self.partial.unlink(missing_ok=True)
        except OSError:
            return

    def _name_if_free(self) -> None:
        taken = False
        try:
            # A hard link is the one way to give a name only if it is free. Not every file system has it.
            os.link(self.partial, self.path)
        except FileExistsError:
            taken = True
        except OSError:
            taken = self.path.exists()
            if not taken:
                self.partial.replace(self.path)
        if taken:
            raise exists_already(self.path)
        self.partial.unlink(missing_ok=True)

    def _close_fd(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def exists_already(path: Path) -> ConfigurationError:
    return ConfigurationError(f"{path} exists already", hint="choose another name, or replace it with --force")


def _sync_directory(directory: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):
        return  # Windows: a directory cannot be opened, and its entries are written through
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
