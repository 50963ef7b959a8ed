"""Two roles on a real server: whoever pseudonymises cannot reverse, whoever reverses cannot pseudonymise."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from plugins.openbao_server import AppRole, OpenBao

from fieldvault.audit import MemoryAudit
from fieldvault.errors import KekDenied, KeyWrapRefused
from fieldvault.kek.vault_transit import AppRoleAuth, VaultTransitKek
from fieldvault.keyring import Keyrings
from fieldvault.keystore import MemoryKeyStore
from fieldvault.normalise import EMAIL
from fieldvault.pseudonyms import Domain, LookupToken, link
from fieldvault.token_table import MemoryTokenTable

TOKEN = LookupToken("email", EMAIL)


@dataclass(frozen=True)
class World:
    """One key store and one token table, and what each role sees of the server."""

    openbao: OpenBao
    domain_key: str
    sealing_key: str
    store: MemoryKeyStore
    table: MemoryTokenTable

    def kek(self, role: AppRole, key: str) -> VaultTransitKek:
        auth = AppRoleAuth(role.role_id, role.secret_id)
        return VaultTransitKek(address=self.openbao.address, key=key, mount=self.openbao.mount, auth=auth)

    def domain(self, role: AppRole, name: str = "partner") -> Domain:
        keyrings = Keyrings(self.kek(role, self.domain_key), self.store)
        sealing_kek = self.kek(role, self.sealing_key)
        return Domain(name, keyrings, tenant="acme", audit=MemoryAudit(), table=self.table, sealing_kek=sealing_kek)


@pytest.fixture
def world(openbao: OpenBao) -> World:
    return World(openbao, openbao.create_key(), openbao.create_key(), MemoryKeyStore(), MemoryTokenTable())


@pytest.fixture
def pseudonymiser(world: World) -> AppRole:
    server, mount = world.openbao, world.openbao.mount
    policy = server.write_policy(
        f"pseudonymise-{world.domain_key}",
        (f"{mount}/encrypt/{world.domain_key}", "update"),
        (f"{mount}/decrypt/{world.domain_key}", "update"),
        (f"{mount}/encrypt/{world.sealing_key}", "update"),
    )
    return server.create_approle(policy)


@pytest.fixture
def reidentifier(world: World) -> AppRole:
    policy = world.openbao.write_policy(
        f"reidentify-{world.domain_key}", (f"{world.openbao.mount}/decrypt/{world.sealing_key}", "update")
    )
    return world.openbao.create_approle(policy)


def test_each_role_can_do_its_own_and_is_refused_the_others(
    world: World, pseudonymiser: AppRole, reidentifier: AppRole
) -> None:
    making = world.domain(pseudonymiser)
    making.create()
    tokens = making.pseudonymise_column(TOKEN, ["Ann@Example.com", "bo@example.com", "ann@example.com"])
    assert tokens[0] == tokens[2] != tokens[1], "they join"

    with pytest.raises(KekDenied, match="permission denied"):
        making.reidentify(TOKEN, tokens[0], reason="curious")
    other = world.domain(pseudonymiser, "other")
    other.create()
    with pytest.raises(KekDenied, match="permission denied"):
        link(making, other, TOKEN, tokens, reason="curious")

    revealing = world.domain(reidentifier)
    values = ["ann@example.com", "bo@example.com", "ann@example.com"]
    assert revealing.reidentify_column(TOKEN, tokens, reason="ticket 4") == values
    with pytest.raises(KekDenied, match="permission denied"):
        revealing.pseudonymise(TOKEN, "cy@example.com")


def test_what_the_pseudonymiser_has_does_not_open_the_table(world: World, pseudonymiser: AppRole) -> None:
    making = world.domain(pseudonymiser)
    making.create()
    token = making.pseudonymise(TOKEN, "ann@example.com")
    # The same role with the domain's own KEK in place of the sealing one, or with none.
    keyrings = Keyrings(world.kek(pseudonymiser, world.domain_key), world.store)
    for kek in (None, world.kek(pseudonymiser, world.domain_key)):
        attacker = Domain(
            "partner", keyrings, tenant="acme", audit=MemoryAudit(), table=world.table, sealing_kek=kek
        )
        with pytest.raises(KeyWrapRefused):
            attacker.reidentify(TOKEN, token, reason="curious")


def test_one_request_for_many_values(world: World, pseudonymiser: AppRole, reidentifier: AppRole) -> None:
    making, mount = world.domain(pseudonymiser), world.openbao.mount
    making.create()
    with world.openbao.counted(f"{mount}/encrypt/{world.sealing_key}") as wraps:
        tokens = making.pseudonymise_column(TOKEN, [f"p{number}@example.com" for number in range(500)])
        making.pseudonymise(TOKEN, "one.more@example.com")
    with world.openbao.counted(f"{mount}/decrypt/{world.sealing_key}") as unwraps:
        world.domain(reidentifier).reidentify_column(TOKEN, tokens, reason="ticket 4")
    assert (wraps, unwraps) == ([1], [1])
