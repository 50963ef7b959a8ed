"""What every command of the group needs: the declared table, opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fieldvault.cli.session import Session

if TYPE_CHECKING:
    from fieldvault.config import PasswordsConfig
    from fieldvault.password_migration import Database, PasswordTable, Sorter
    from fieldvault.passwords import Argon2Profile


@dataclass(frozen=True, slots=True)
class Desk:
    """`table` has been looked up in the database."""

    config: PasswordsConfig
    database: Database
    table: PasswordTable
    sorter: Sorter


@contextmanager
def open_desk(session: Session, *, last_login: bool = False) -> Iterator[Desk]:
    """Raises `ConfigurationError`, `MissingExtra`, `PasswordTableError`."""
    from fieldvault.config import load_passwords
    from fieldvault.password_migration import PasswordTable

    config = load_passwords(session.config_path)
    column = config.build_column(last_login=last_login)
    sorter = config.build_sorter()
    with config.build_database() as database:
        yield Desk(config, database, PasswordTable(database, column), sorter)


def threads_for(profile: Argon2Profile, memory_mib: int, wanted: int | None) -> int:
    """As many as asked for, or one a core, and never more than the memory allows."""
    fit = max(1, memory_mib * 1024 // profile.memory_kib)
    return min(wanted or os.cpu_count() or 1, fit)
