"""`[keystore]`: where the wrapped keys are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fieldvault.config.database_url import read_url, sqlite_file
from fieldvault.config.environment import KEYSTORE_URL, Environment
from fieldvault.config.section import Section

if TYPE_CHECKING:
    from fieldvault.keystore import SqlKeyStore


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
        url, folder = read_url(section, environment, variable=KEYSTORE_URL, example="fieldvault-keys.db")
        return cls(url, folder, timeout)

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
        return sqlite_file(self.url, self.folder)
