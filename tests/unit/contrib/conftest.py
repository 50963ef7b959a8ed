from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest


@pytest.fixture
def md5() -> Callable[[str], str]:
    return lambda text: hashlib.md5(text.encode()).hexdigest()
