"""The vectors' own AES-SIV and FF1, for tests that compare the library's with them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType


def siv_and_ff1() -> tuple[ModuleType, ModuleType]:
    folder = str(Path(__file__).parent)
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module("generator.siv"), importlib.import_module("generator.ff1")
