"""Writing a fieldvault.toml and loading it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fieldvault.config import Config, load_config

MINIMAL = """
[kek]
kind = "local"
[keystore]
url = "sqlite:///keys.db"
"""

Load = Callable[..., Config]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """`load(text, **environment)`; the text follows a minimal configuration unless `alone`."""

    def loaded(text: str = "", *, alone: bool = False, environ: Mapping[str, str] | None = None) -> Config:
        path = tmp_path / "fieldvault.toml"
        path.write_text(text if alone else MINIMAL + text, encoding="utf-8")
        return load_config(path, environ=environ or {})

    return loaded
