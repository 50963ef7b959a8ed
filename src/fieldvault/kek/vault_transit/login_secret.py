"""What a login needs to know, read anew at every login, so that it can be rotated under us.

Its errors are raised outside the `except` block, and its frames hold it only as a `Hidden`: see `kek.hidden`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Never

from fieldvault.errors import ConfigurationError, KekMisconfigured
from fieldvault.kek.hidden import Hidden

SecretSource = str | Path | Callable[[], str]
"""A secret itself, the file that holds it (`pathlib.Path`), or a callable that returns it."""

MAX_SECRET_FILE_BYTES = 64 * 1024


class Secret:
    """A secret that can be read again and again; `what` names it in errors, e.g. "AppRole secret id"."""

    __slots__ = ("_source", "_what")

    def __init__(self, source: SecretSource, what: str) -> None:
        # Bytes are a likely mistake and may be the secret itself: refused by `read`, where no frame shows them.
        usable = isinstance(source, str | bytes | Path) or callable(source)
        self._source = Hidden(source)
        self._what = what
        del source
        if not usable:
            raise ConfigurationError(f"the {what} must be a str, a pathlib.Path or a callable")

    def __repr__(self) -> str:
        return f"<{self._what}: hidden>"

    def __reduce__(self) -> Never:
        raise TypeError("a secret cannot be pickled or copied")

    def read(self) -> Hidden[str]:
        """The secret now, stripped of white space around it. What a callable raises passes through.

        Raises `KekMisconfigured` when the file cannot be read, or the secret is empty or not printable ASCII.
        Tokens, ids and JWTs all are; anything else could not be put into a header.
        """
        text, problem = self._load()
        if problem is None and not (text.reveal().isascii() and text.reveal().isprintable() and text.reveal()):
            problem = "is empty or not printable ASCII"
        if problem is not None:
            raise KekMisconfigured(
                f"the {self._what} {problem}", hint="where is it read from, and who writes it there?"
            )
        return text

    def _load(self) -> tuple[Hidden[str], str | None]:
        source = self._source.reveal()
        if isinstance(source, Path):
            return _load_file(source)
        text: object = source() if callable(source) else source
        if not isinstance(text, str):
            return Hidden(""), "is not a str"
        return Hidden(text.strip()), None


def _load_file(path: Path) -> tuple[Hidden[str], str | None]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SECRET_FILE_BYTES + 1)
        if len(content) > MAX_SECRET_FILE_BYTES:
            return Hidden(""), f"is in a file of more than {MAX_SECRET_FILE_BYTES} bytes"
        return Hidden(content.decode("ascii", errors="replace").strip()), None
    except OSError:
        return Hidden(""), "is in a file that cannot be read"
