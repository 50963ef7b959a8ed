"""Both batch cores, side by side in one process, whichever of them the library has chosen."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fieldvault.core.aead import AeadKey
from fieldvault.core.native import DESCRIPTION

NATIVE_IS_BUILT = importlib.util.find_spec("fieldvault_native") is not None
NOT_BUILT = "fieldvault-native is not installed: make native"

_MODULES = {
    "python": ("_pure", "_pure_packing", "_pure_shortcuts"),
    "native": ("_native", "_native_shortcuts"),
}


def pytest_report_header() -> str:
    built = "is installed" if NATIVE_IS_BUILT else "is not installed, so only the pure one is tested"
    return f"fieldvault core: {DESCRIPTION}; the native core {built}"


@dataclass(frozen=True)
class Core:
    """One core: its functions, and keys whose ciphers are its own."""

    name: str
    functions: Mapping[str, Any]
    cipher_of: Callable[[bytes], Any]

    def key(self, raw: bytes, key_id: bytes) -> AeadKey:
        return AeadKey(raw, key_id, self.cipher_of)

    def __getattr__(self, name: str) -> Any:
        if name not in self.functions:
            raise AttributeError(name)
        return self.functions[name]

    def __repr__(self) -> str:
        return f"<{self.name} core>"


def core_named(name: str) -> Core:
    """That core. Skips the test where it is the native one and is not built."""
    if name == "native" and not NATIVE_IS_BUILT:
        pytest.skip(NOT_BUILT)
    modules = [importlib.import_module(f"fieldvault.core.{module}") for module in _MODULES[name]]
    functions = {attribute: value for module in modules for attribute, value in vars(module).items()}
    cipher_of = AESGCM if name == "python" else importlib.import_module("fieldvault_native").AesGcmKey
    return Core(name, functions, cipher_of)


@pytest.fixture(params=["python", "native"])
def core(request: pytest.FixtureRequest) -> Core:
    return core_named(request.param)


@pytest.fixture(params=["python to native", "native to python"])
def pair(request: pytest.FixtureRequest) -> tuple[Core, Core]:
    """Two cores, of which one reads what the other writes."""
    one, other = request.param.split(" to ")
    return core_named(one), core_named(other)


@pytest.fixture
def native() -> Iterator[Any]:
    """The extension's module. Its number of threads is 1 afterwards."""
    core_named("native")
    module = importlib.import_module("fieldvault_native")
    yield module
    module.set_threads(1)
