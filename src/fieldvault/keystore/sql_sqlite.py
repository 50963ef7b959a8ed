"""Transactions on SQLite, and how a shredded key leaves the file.

1. A writer takes the write lock at BEGIN (`IMMEDIATE`) and waits its turn. A transaction that only reads at first
   and then writes would fail at once where two do it (SQLITE_BUSY, without waiting).
2. `synchronous=EXTRA`: once add_primary returned, data is sealed under the new key, so a power cut must not take
   the key back. FULL does not flush the folder after the journal is deleted, so the journal can come back and undo.
3. `secure_delete=ON`: a deleted row is overwritten with zeros, so that no free page keeps a shredded wrapped key.
4. We do not turn WAL on. In a WAL the page that held a shredded key lives on until a checkpoint, a copy of the file
   without its WAL lacks the newest keys, and a store that is rarely written gains nothing by it. Where the
   application's own file is in WAL mode already, a shred ends with a truncating checkpoint, if readers allow it.
5. A connection of the caller's pool goes back with the settings it came with.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from fieldvault.errors import KeyStoreUnavailable

_PRAGMAS = {"secure_delete": "ON", "synchronous": "EXTRA"}


@contextmanager
def sqlite_transaction(connection: Connection, *, write: bool) -> Iterator[None]:
    """A transaction that commits at the end and rolls back on any exception, driven by us, not by the driver.

    Python's driver begins transactions by rules of its own (which differ between 3.11 and 3.12), hence AUTOCOMMIT.
    """
    connection.execution_options(isolation_level="AUTOCOMMIT")
    connection.begin()
    _end(connection)  # the caller's engine may have an event listener that sent a BEGIN just now
    before = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in _PRAGMAS} if write else {}
    for name in before:
        connection.exec_driver_sql(f"PRAGMA {name}={_PRAGMAS[name]}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
        yield
        connection.exec_driver_sql("COMMIT")
    finally:
        with suppress(SQLAlchemyError):
            _end(connection)
            for name, value in before.items():
                connection.exec_driver_sql(f"PRAGMA {name}={value}")


def checkpoint(connection: Connection) -> None:
    """Empty the WAL, if there is one and no reader needs it. Best effort: the shred itself is committed already."""
    with suppress(SQLAlchemyError):
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").close()


def create_private_file(path: str) -> None:
    """Create an empty file that only its owner may read, unless there is one. SQLite's journal gets the same mode.

    Raises `KeyStoreUnavailable` where the folder is missing or may not be written to.
    """
    refused = False
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        pass
    except OSError:
        refused = True
    if refused:
        raise KeyStoreUnavailable(
            "the key store's file cannot be created", hint="does its folder exist, and may it be written to?"
        )


def _end(connection: Connection) -> None:
    """Roll back what is open. A full disk or an I/O error has done so already, and then ROLLBACK is an error."""
    if getattr(connection.connection.driver_connection, "in_transaction", False):
        connection.exec_driver_sql("ROLLBACK")
