"""Where a passphrase or a protection key comes from, and how it stays out of sight.

Rules of this file:

1. A secret is read when it is needed, from where it was said to be. There is no default place, and never argv.
2. In every frame that an error can pass through, a secret is a local variable only inside a `Hidden`.
3. A function that touches bare secrets does not raise: it returns None or says what is wrong, and its caller
   raises. So no traceback, `__context__` or attribute of an exception reaches a secret. (A `UnicodeEncodeError`
   holds its text.)
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Never

from fieldvault.errors import ConfigurationError, KekMisconfigured
from fieldvault.kek.hidden import Hidden

MAX_SECRET_FILE_BYTES = 4096


class Environment:
    """The secret is in the environment variable `name`, and is read from there each time it is needed."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self) -> str:
        if self.name not in os.environ:
            raise KekMisconfigured(f"the environment variable {self.name} is not set")
        return os.environ[self.name]

    def __repr__(self) -> str:
        return f"Environment({self.name!r})"


SecretSource = str | Path | Callable[[], str]
"""A secret itself, the file that holds it (`pathlib.Path`), or a callable that returns it, e.g. `Environment`."""


class Secret:
    """A secret that can be read again and again; `what` names it in errors, e.g. "passphrase"."""

    __slots__ = ("_source", "_what")

    def __init__(self, source: Hidden[SecretSource], what: str) -> None:
        self._source = source
        self._what = what
        if not (isinstance(source.reveal(), str | Path) or callable(source.reveal())):
            raise ConfigurationError(f"the {what} must be a str, a pathlib.Path or a callable that returns a str")

    def __repr__(self) -> str:
        return f"<{self._what}: hidden>"

    def __reduce__(self) -> Never:
        raise TypeError("a secret cannot be pickled or copied")

    def read(self) -> Hidden[str]:
        """The secret as it is now, not empty. Of a file, one line end at its end is dropped and nothing else.

        Raises `KekMisconfigured` when there is no secret to be had; what a callable raises passes through.
        """
        text, problem = self._load()
        if problem is None and not text.reveal():
            problem = "is empty"
        if problem is not None:
            raise KekMisconfigured(f"the {self._what} {problem}")
        return text

    def _load(self) -> tuple[Hidden[str], str | None]:
        source = self._source.reveal()
        if isinstance(source, str):
            return Hidden(source), None
        if isinstance(source, Path):
            return _load_file(source)
        call = Hidden(source)
        del source  # the repr of a `functools.partial` shows its arguments
        text: object = call.reveal()()
        if not isinstance(text, str):
            return Hidden(""), "is not text: the callable must return a str"
        return Hidden(text), None


def _load_file(path: Path) -> tuple[Hidden[str], str | None]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SECRET_FILE_BYTES + 1)
        if len(content) > MAX_SECRET_FILE_BYTES:
            return Hidden(""), f"is in a file of more than {MAX_SECRET_FILE_BYTES} bytes"
        text = content.decode()
    except (OSError, ValueError):
        return Hidden(""), "is in a file that cannot be read, or is not UTF-8"
    return Hidden(text.removesuffix("\n").removesuffix("\r")), None
