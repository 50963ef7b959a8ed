"""The URL of a database in a table of the file, or in the environment where it holds a password."""

from __future__ import annotations

import re
from pathlib import Path

from fieldvault.config.environment import Environment
from fieldvault.config.section import Section

_PASSWORD_IN_URL = re.compile(r"[^:/]+://[^/@]*:.*@|.*[?&](?:password|passwd|pwd|sslpassword)=", re.IGNORECASE)
_SQLITE_FILE = re.compile(r"sqlite(?:\+pysqlite)?:///(?!file:|:memory:)(?P<path>[^?]+)(?:\?.*)?\Z")


def read_url(section: Section, environment: Environment, *, variable: str, example: str) -> tuple[str, Path | None]:
    """The URL, and the folder that a relative SQLite path is relative to: the file's, or None for the process's.

    The environment's `variable` goes before the file. Raises `ConfigurationError`, also for a password in the file.
    """
    url = section.text("url")
    if url is not None and _PASSWORD_IN_URL.match(url):
        del url
        raise section.error(
            "url",
            "a password does not belong in this file",
            hint=f"set the whole URL in the environment as {variable}, or use the database's own password "
            "file (~/.pgpass); a password that was here may have been copied, so replace it",
        )
    override = environment.get(variable)
    if override is not None:
        return override, None
    if url is None:
        raise section.error(
            "url", "is missing", hint=f'url = "sqlite:///{example}", or {variable} in the environment'
        )
    return url, section.file.parent


def sqlite_file(url: str, folder: Path | None) -> Path | None:
    """The SQLite file, absolute; None for another database, or a `file:` URI, which has rules of its own."""
    match = _SQLITE_FILE.match(url)
    return None if match is None else (folder or Path()).absolute() / match["path"]
