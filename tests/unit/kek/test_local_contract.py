"""The local KEK keeps the contract that every `KekProvider` keeps."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from plugins.kek_contract import KekContract

from fieldvault.kek.local import CHEAPEST, LocalKek, Passphrase, ProtectionKey
from fieldvault.ports import KekProvider

pytestmark = pytest.mark.filterwarnings("ignore::fieldvault.kek.local.LocalKekWarning")

KEY = secrets.token_urlsafe(32)


class TestLocalKek(KekContract):
    @pytest.fixture
    def kek(self, tmp_path: Path) -> KekProvider:
        LocalKek.create(tmp_path / "dev.kek", ProtectionKey(KEY))
        return LocalKek.open(tmp_path / "dev.kek", ProtectionKey(KEY))

    @pytest.fixture
    def other_kek(self, tmp_path: Path) -> KekProvider:
        return LocalKek.create(tmp_path / "other.kek", Passphrase("correct horse", argon2=CHEAPEST))

    @pytest.fixture
    def secret_strings(self) -> list[str]:
        return [KEY, "correct horse"]
