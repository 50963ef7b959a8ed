"""Key stores: where wrapped keys live, beside the data (port: `fieldvault.ports.KeyStore`).

`MemoryKeyStore` is for tests; `SqlKeyStore` is the one for data that must be opened again. The SQL one is loaded
on first use, so that the in-memory one needs no SQLAlchemy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldvault.keystore.memory import MemoryKeyStore

if TYPE_CHECKING:
    from fieldvault.keystore.sql import SqlKeyStore

__all__ = ["MemoryKeyStore", "SqlKeyStore"]


def __getattr__(name: str) -> object:
    if name == "SqlKeyStore":
        from fieldvault.keystore.sql import SqlKeyStore

        return SqlKeyStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
