"""Token tables: where look-up tokens and their sealed values are kept (port: `fieldvault.pseudonyms.TokenTable`).

`MemoryTokenTable` is for tests; `SqlTokenTable` for tokens that must be reversed later, loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldvault.token_table.memory import MemoryTokenTable

if TYPE_CHECKING:
    from fieldvault.token_table.sql import SqlTokenTable

__all__ = ["MemoryTokenTable", "SqlTokenTable"]


def __getattr__(name: str) -> object:
    if name == "SqlTokenTable":
        from fieldvault.token_table.sql import SqlTokenTable

        return SqlTokenTable
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
