"""`[keystore]`: where the wrapped keys are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fieldvault.config.environment import KEYSTORE_URL, Environment
from fieldvault.config.section import Section

if TYPE_CHECKING:
    from fieldvault.keystore import SqlKeyStore

PASSWORD_IN_URL = re.compile(r"[^:/]+://[^/@]*:.*@|.*[?&](?:password|passwd|pwd|sslpassword)=", re.IGNORECASE)
SQLITE_FILE = re.compile(r"sqlite(?:\+pysqlite)?:///(?!file:|:memory:)(?P<path>[^?]+)(?:\?.*)?\Z")


@dataclass(frozen=True, slots=True)
class KeyStoreConfig:
    """`url` as SQLAlchemy takes it; it may hold a password, where it is the environment's.

    A relative SQLite path of the file is relative to `folder`, the file's folder; one of the environment (`folder`
    None) to the process's. `timeout` in seconds.
    """

    url: str = field(repr=False)
    folder: Path | None
    timeout: float = 10.0

    @classmethod
    def read(cls, section: Section, environment: Environment) -> KeyStoreConfig:
        """Raises `ConfigurationError`, also for a password in the file."""
        section.only("url", "timeout_seconds")
        timeout = section.seconds("timeout_seconds", 10.0)
        url = section.text("url")
        if url is not None and PASSWORD_IN_URL.match(url):
            del url
            raise section.error(
                "url",
                "a password does not belong in this file",
                hint=f"set the whole URL in the environment as {KEYSTORE_URL}, or use the database's own password "
                "file (~/.pgpass); a password that was here may have been copied, so replace it",
            )
        override = environment.get(KEYSTORE_URL)
        if override is not None:
            return cls(override, None, timeout)
        if url is None:
            example = 'url = "sqlite:///fieldvault-keys.db"'
            raise section.error("url", "is missing", hint=f"{example}, or {KEYSTORE_URL} in the environment")
        return cls(url, section.file.parent, timeout)

    def build(self) -> SqlKeyStore:
        """The key store; nothing is connected to yet. Raises `MissingExtra` or `ConfigurationError`."""
        from fieldvault.keystore import SqlKeyStore

        file = self.sqlite_file()
        if file is None:
            return SqlKeyStore(self.url, timeout=self.timeout)
        from sqlalchemy import make_url

        return SqlKeyStore(make_url(self.url).set(database=str(file)), timeout=self.timeout)

    def sqlite_file(self) -> Path | None:
        """The SQLite file, absolute; None for another database, or a `file:` URI, which has rules of its own."""
        match = SQLITE_FILE.match(self.url)
        return None if match is None else (self.folder or Path()).absolute() / match["path"]
