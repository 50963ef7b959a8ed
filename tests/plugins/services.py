"""What a test does that needs a server which is not there."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def service_missing(reason: str) -> NoReturn:
    """Skip for want of a service; a failure where FIELDVAULT_REQUIRE_SERVICES=1 says that it must be there."""
    if os.environ.get("FIELDVAULT_REQUIRE_SERVICES") == "1":
        pytest.fail(f"FIELDVAULT_REQUIRE_SERVICES=1, but {reason}")
    pytest.skip(reason)
