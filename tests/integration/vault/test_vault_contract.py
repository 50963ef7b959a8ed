"""The contract of every KEK, kept by the transit engine of a real server."""

from __future__ import annotations

import pytest
from plugins.kek_contract import KekContract
from plugins.openbao_server import AppRole, OpenBao

from fieldvault.kek.vault_transit import TokenAuth, VaultTransitKek


class TestVaultTransit(KekContract):
    @pytest.fixture
    def kek(self, kek: VaultTransitKek) -> VaultTransitKek:
        return kek

    @pytest.fixture
    def other_kek(self, openbao: OpenBao) -> VaultTransitKek:
        return VaultTransitKek(
            address=openbao.address, key=openbao.create_key(), mount=openbao.mount, auth=TokenAuth(openbao.root)
        )

    @pytest.fixture
    def secret_strings(self, openbao: OpenBao, role: AppRole) -> list[str]:
        return [openbao.root, role.role_id, role.secret_id]
