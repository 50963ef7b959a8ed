"""The token table in memory keeps the contract."""

from __future__ import annotations

import pytest
from plugins.token_table_contract import TokenTableContract

from fieldvault.token_table import MemoryTokenTable


class TestMemoryTokenTable(TokenTableContract):
    @pytest.fixture
    def table(self) -> MemoryTokenTable:
        return MemoryTokenTable()
