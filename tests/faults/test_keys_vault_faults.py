"""Operations on keys while the server is sealed, throttles, steps down or forgets the login: an invisible retry, or
a typed error with nothing half done. Real OpenBao behind a proxy that misbehaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from plugins.fault_proxy import NO_ACTIVE_NODE, Drop, Fault, FaultProxy, Status
from plugins.openbao_server import OpenBao

from fieldvault import Keyrings, Scope
from fieldvault.errors import KekDenied, KekUnavailable
from fieldvault.kek.vault_transit import AppRoleAuth, RetryPolicy, Timeouts, TokenAuth, VaultTransitKek
from fieldvault.keyring import KeyringPolicy
from fieldvault.keystore import MemoryKeyStore
from fieldvault.rotation.keys import KeyOperations

TENANTS = 170  # two requests of 160
ONE_FAULT: list[Fault] = [
    NO_ACTIVE_NODE,
    Status(429),
    Status(503, {"errors": ["Vault is sealed"]}),
    Drop.BEFORE_REQUEST,
    Drop.IN_MID_RESPONSE,
]


class Server:
    """A transit key behind a proxy, with keys of many tenants under it, and the operations of the rotating role."""

    def __init__(self, openbao: OpenBao, proxy: FaultProxy, budget: float = 5.0) -> None:
        self.openbao, self.proxy = openbao, proxy
        self.key = openbao.create_key()
        mount = openbao.mount
        rules = [(f"{mount}/{operation}/{self.key}", "update") for operation in ("encrypt", "decrypt", "rewrap")]
        rules += [(f"{mount}/keys/{self.key}", "read")]
        rules += [(f"{mount}/keys/{self.key}/{what}", "update") for what in ("rotate", "config", "trim")]
        self.policy = openbao.write_policy(f"rotator-{self.key}", *rules)
        role = openbao.create_approle(self.policy)
        self.kek = self.kek_by(AppRoleAuth(role.role_id, role.secret_id), budget)
        self.store = MemoryKeyStore()
        direct = self.kek_by(TokenAuth(lambda: openbao.root), budget, openbao.address)
        self.direct = direct
        makers = Keyrings(direct, self.store)
        self.made = {makers.keyring(Scope(f"t{n}", "fields")).primary(uses=0).key_id for n in range(TENANTS)}
        openbao.api("POST", f"{mount}/keys/{self.key}/rotate")

    def kek_by(self, auth: Any, budget: float, address: str | None = None) -> VaultTransitKek:
        return VaultTransitKek(
            address=address or self.proxy.address,
            key=self.key,
            mount=self.openbao.mount,
            auth=auth,
            retry=RetryPolicy(base=0.001, cap=0.01, budget=budget),
            timeouts=Timeouts(connect=1, read=2),
        )

    def operations(self, kek: Any = None, **changes: Any) -> KeyOperations:
        keyrings = Keyrings(kek or self.kek, self.store, policy=KeyringPolicy(cache_seconds=0))
        return KeyOperations(keyrings, **({"slowest_write": 0} | changes))

    def all_open(self) -> bool:
        """Every key, by a process that starts now and reads the server directly."""
        process = Keyrings(self.direct, self.store)
        keys = {process.keyring(Scope(f"t{n}", "fields")).primary(uses=0).key_id for n in range(TENANTS)}
        return keys == self.made

    def versions(self) -> set[int]:
        return {self.kek.version_of(one.wrapped or b"") for one in self.store.data_keys_after(None, 1000)}


@pytest.fixture
def server(openbao: OpenBao) -> Iterator[Server]:
    with FaultProxy(openbao.address) as proxy:
        yield Server(openbao, proxy)


@pytest.mark.parametrize("fault", ONE_FAULT)
@pytest.mark.parametrize("at", [0, 2, 4, 6])
def test_one_fault_in_the_middle_is_not_seen(server: Server, fault: Fault, at: int) -> None:
    server.proxy.plan(*[None] * at, fault)
    assert server.operations().begin_epoch().closed == 1
    assert server.versions() == {2}
    assert server.all_open()


@pytest.mark.parametrize("requests", [1, 3, 4, 5, 6, 7])
def test_an_outage_is_a_typed_error_and_the_next_run_goes_on(openbao: OpenBao, requests: int) -> None:
    with FaultProxy(openbao.address) as proxy:
        server = Server(openbao, proxy, budget=0.2)
        proxy.plan(*[None] * requests)
        proxy.always(Status(503, {"errors": ["Vault is sealed"]}))
        with pytest.raises(KekUnavailable) as raised:
            server.operations().begin_epoch()
        assert raised.value.__context__ is None
        assert server.all_open()  # by those who reach the server
        proxy.heal()
        assert server.operations().begin_epoch().closed in (0, 1)
        assert server.versions() == {2}
        assert server.all_open()


def test_the_real_server_is_sealed_in_the_middle(openbao: OpenBao) -> None:
    with FaultProxy(openbao.address) as proxy:
        server = Server(openbao, proxy, budget=0.3)

        def seal(_: object) -> None:
            openbao.seal()

        try:
            with pytest.raises(KekUnavailable):
                server.operations(on_progress=seal).rewrap()
        finally:
            openbao.unseal()
        assert server.versions() == {1, 2}  # one chunk is done, the other is as it was
        assert server.all_open()
        result = server.operations().rewrap()
        assert (result.done, result.already) == (10, 160)
        assert server.all_open()


def test_a_token_that_expires_in_the_middle_is_replaced(server: Server) -> None:
    def revoke(_: object) -> None:
        for token in {one for one in server.proxy.tokens if one}:
            server.openbao.api("POST", "auth/token/revoke", {"token": token})

    assert server.operations(on_progress=revoke).rewrap().done == TENANTS
    assert server.all_open()


def test_a_fixed_token_that_expires_in_the_middle_is_a_typed_error(server: Server) -> None:
    token = server.openbao.create_token(server.policy)
    kek = server.kek_by(TokenAuth(lambda: token), 5.0)

    def revoke(_: object) -> None:
        server.openbao.api("POST", "auth/token/revoke", {"token": token})

    with pytest.raises(KekDenied):
        server.operations(kek, on_progress=revoke).rewrap()
    assert server.versions() == {1, 2}
    assert server.all_open()
    assert server.operations().rewrap().done == 10


def test_a_step_down_of_a_real_cluster_is_not_seen(openbao_cluster: list[OpenBao]) -> None:
    active = openbao_cluster[0]
    key = active.create_key()
    kek = VaultTransitKek(
        address=active.address,
        key=key,
        mount=active.mount,
        ca=active.ca,
        auth=TokenAuth(lambda: active.root),
        retry=RetryPolicy(base=0.05, cap=0.5, budget=60),
    )
    store = MemoryKeyStore()
    makers = Keyrings(kek, store)
    for number in range(TENANTS):
        makers.keyring(Scope(f"t{number}", "fields")).primary(uses=0)

    stepped_down: list[object] = []

    def step_down(progress: object) -> None:
        if not stepped_down:
            active.api("PUT", "sys/step-down")
        stepped_down.append(progress)

    operations = KeyOperations(Keyrings(kek, store), slowest_write=0, on_progress=step_down)
    assert operations.rewrap(rotate_kek=True).done == TENANTS
    process = Keyrings(kek, store)
    assert all(process.keyring(Scope(f"t{n}", "fields")).primary(uses=0) for n in range(TENANTS))
