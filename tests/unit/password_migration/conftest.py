"""A table of users in SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugins.passwords_kit import Users


@pytest.fixture
def people(tmp_path: Path) -> Users:
    return Users(f"sqlite:///{tmp_path / 'app.db'}")
