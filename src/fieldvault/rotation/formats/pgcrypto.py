"""pgcrypto's `pgp_sym_encrypt`, opened by pgcrypto itself: the cells and the passphrase go to the server as bound
parameters, in a statement that reads no table.

The server sees the passphrase, as it did whenever the application encrypted. With `log_statement = all`, or a low
`log_min_duration_statement`, it writes it to its log too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine

from fieldvault.errors import ConfigurationError, LegacyValueRefused, TableError, TableUnavailable
from fieldvault.rotation.formats.base import LegacyValue
from fieldvault.rotation.transactions import Transactions

_EXISTS = text("SELECT to_regprocedure('pgp_sym_decrypt_bytea(bytea, text)') IS NOT NULL")
_OPEN = text("SELECT pgp_sym_decrypt_bytea(CAST(:cell AS bytea), CAST(:passphrase AS text))")
_OPEN_ARMOURED = text("SELECT pgp_sym_decrypt_bytea(dearmor(CAST(:cell AS text)), CAST(:passphrase AS text))")


class Pgcrypto:
    """Messages under `passphrase`, in binary columns, or armoured in text columns.

    Raises `ConfigurationError` where the database is not PostgreSQL or lacks the extension, `TableError`.
    """

    is_authenticated = True

    def __init__(self, passphrase: str, engine: Engine) -> None:
        if engine.dialect.name != "postgresql":
            raise ConfigurationError("pgcrypto is a part of PostgreSQL")
        self._passphrase = passphrase
        self._transactions = Transactions(engine)
        if not self._transactions.read(lambda connection: connection.execute(_EXISTS).scalar_one()):
            raise ConfigurationError("pgcrypto is not installed in this database", hint="CREATE EXTENSION pgcrypto")

    def open_many(self, cells: Sequence[Any]) -> list[LegacyValue | LegacyValueRefused]:
        """See `LegacyFormat`. The bytes that were encrypted. Raises `TableUnavailable`."""
        try:
            return self._transactions.read(lambda connection: [self._open(connection, cell) for cell in cells])
        except TableUnavailable:
            raise
        except TableError:
            pass  # some cell was refused, which ended the transaction
        return [self._open_alone(cell) for cell in cells]

    def _open_alone(self, cell: Any) -> LegacyValue | LegacyValueRefused:
        try:
            return self._transactions.read(lambda connection: self._open(connection, cell))
        except TableUnavailable:
            raise
        except TableError:
            return LegacyValueRefused("no message of pgcrypto under this passphrase")

    def _open(self, connection: Connection, cell: Any) -> bytes:
        statement = _OPEN_ARMOURED if isinstance(cell, str) else _OPEN
        given = {"cell": cell, "passphrase": self._passphrase}
        return bytes(connection.execute(statement, given).scalar_one())

    def __repr__(self) -> str:
        return "<Pgcrypto: hidden>"
