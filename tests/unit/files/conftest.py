"""A desk: keyrings over a KEK and a key store in memory, and one-call jobs over files."""

from __future__ import annotations

import pytest
from plugins.files_kit import EVERY_TYPE, Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def every_type_desk() -> Desk:
    return Desk(EVERY_TYPE)
