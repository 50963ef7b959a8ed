"""What every test may use. The services' fixtures (OpenBao, PostgreSQL, …) are in tests/plugins."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("plugins")
pytest_plugins = [
    "plugins.cores",
    "plugins.openbao",
    "plugins.postgresql",
    "plugins.mysql",
    "plugins.arrow_kit",
    "plugins.sqlalchemy_databases",
]

settings.register_profile("default", deadline=None, max_examples=100)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("FIELDVAULT_HYPOTHESIS", "default"))
