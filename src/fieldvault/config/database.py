"""`[database]`: where the application's own tables are, for the commands that read or mend them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fieldvault.config.database_url import read_url, sqlite_file
from fieldvault.config.environment import DATABASE_URL, Environment
from fieldvault.config.section import Section

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """`url` and `folder` as for the key store (`KeyStoreConfig`). `timeout` is in seconds."""

    url: str = field(repr=False)
    folder: Path | None
    timeout: float = 60.0

    @classmethod
    def read(cls, section: Section, environment: Environment) -> DatabaseConfig:
        """Raises `ConfigurationError`, also for a password in the file."""
        section.only("url", "timeout_seconds")
        timeout = section.seconds("timeout_seconds", 60.0)
        url, folder = read_url(section, environment, variable=DATABASE_URL, example="app.db")
        return cls(url, folder, timeout)

    def engine(self) -> Engine:
        """An engine that shows no parameters; nothing is connected to yet. Raises `MissingExtra`."""
        from sqlalchemy import make_url

        from fieldvault.keystore.sql_engine import engine_from_url

        file = sqlite_file(self.url, self.folder)
        url = self.url if file is None else make_url(self.url).set(database=str(file))
        return engine_from_url(url, self.timeout)
