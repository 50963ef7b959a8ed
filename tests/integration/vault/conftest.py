"""A KEK at the real server, with the rights of an application and no more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from plugins.openbao_server import AppRole, OpenBao

from fieldvault.kek.vault_transit import AppRoleAuth, RetryPolicy, VaultTransitKek

NewKek = Callable[..., VaultTransitKek]


@pytest.fixture
def key(openbao: OpenBao) -> str:
    """A new transit key."""
    return openbao.create_key()


@pytest.fixture
def role(openbao: OpenBao, key: str) -> AppRole:
    """A role with the policy of an application that uses `key`."""
    return openbao.create_approle(openbao.least_privilege(key))


@pytest.fixture
def kek(openbao: OpenBao, key: str, role: AppRole) -> VaultTransitKek:
    return VaultTransitKek(
        address=openbao.address,
        key=key,
        mount=openbao.mount,
        auth=AppRoleAuth(role.role_id, role.secret_id),
        retry=RetryPolicy(base=0.01, budget=20),
    )
