"""The transit KEK when the server, or the way to it, is broken: real servers, behind a proxy that misbehaves.

No test waits for real: the policy's clock moves only when the policy sleeps. Where a timeout must happen for real
it is a short one, and nothing is asserted about how long it took.
"""

from __future__ import annotations

import logging
import time as real_time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from plugins.fault_proxy import NO_ACTIVE_NODE, Drop, Fault, FaultProxy, Status
from plugins.kek_contract import with_locals
from plugins.openbao_server import OpenBao, wait_until

from fieldvault.errors import KekDenied, KekError, KekMisconfigured, KekUnavailable, KeyWrapRefused
from fieldvault.kek.vault_transit import AppRoleAuth, RetryPolicy, Timeouts, TokenAuth, VaultAuth, VaultTransitKek

KEYS = [bytes([number]) * 32 for number in range(7)]
TRANSIENT = [
    Status(429),
    Status(429, headers={"Retry-After": "3"}),
    NO_ACTIVE_NODE,
    Status(503, {"errors": ["Vault is sealed"]}),
    Status(502, b"<html>bad gateway</html>"),
    Status(504, b""),
    Status(408),
    Status(412),
    Status(473),
    Status(307, headers={"Location": "https://192.0.2.1/"}),
    Drop.BEFORE_REQUEST,
    Drop.IN_MID_RESPONSE,
    Drop.HANG,
]


@dataclass
class FakeTime:
    """A clock that only `sleep` moves; `draw` is the jitter."""

    now: float = 1000.0
    draw: float = 1.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def random(self) -> float:
        return self.draw


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def proxy(openbao: OpenBao) -> Iterator[FaultProxy]:
    with FaultProxy(openbao.address) as proxy:
        yield proxy


@pytest.fixture
def kek(openbao: OpenBao, proxy: FaultProxy, time: FakeTime) -> VaultTransitKek:
    key = openbao.create_key()
    role = openbao.create_approle(openbao.least_privilege(key))
    return through(openbao, proxy.address, key, AppRoleAuth(role.role_id, role.secret_id), time)


def through(openbao: OpenBao, address: str, key: str, auth: VaultAuth, time: FakeTime) -> VaultTransitKek:
    return VaultTransitKek(
        address=address,
        key=key,
        mount=openbao.mount,
        auth=auth,
        retry=RetryPolicy(base=5, cap=20, budget=30, clock=time.clock, sleep=time.sleep, random=time.random),
        timeouts=Timeouts(connect=0.5, read=0.5),
    )


@pytest.mark.parametrize("fault", TRANSIENT, ids=str)
def test_one_fault_is_invisible(kek: VaultTransitKek, proxy: FaultProxy, time: FakeTime, fault: Fault) -> None:
    proxy.plan(fault, None, fault, None, fault, None)  # at the login, at the wrap, at the unwrap
    assert kek.unwrap(kek.wrap(KEYS)) == KEYS
    assert len(proxy.requests) == 6
    assert len(time.slept) == 3


@pytest.mark.parametrize("fault", TRANSIENT, ids=str)
def test_a_lasting_fault_ends_in_unavailable_within_the_budget(
    kek: VaultTransitKek, proxy: FaultProxy, time: FakeTime, fault: Fault
) -> None:
    wrapped = kek.wrap(KEYS)
    proxy.always(fault)
    for call in (lambda: kek.wrap(KEYS), lambda: kek.unwrap(wrapped)):
        began = time.now
        with pytest.raises(KekUnavailable, match=r"after \d+ attempts") as unavailable:
            call()
        assert time.now - began <= 30
        assert unavailable.value.__context__ is None
        assert unavailable.value.__cause__ is None
    proxy.heal()
    assert kek.unwrap(wrapped) == KEYS


def test_login_that_is_down_ends_in_unavailable(kek: VaultTransitKek, proxy: FaultProxy) -> None:
    proxy.always(Status(503))
    with pytest.raises(KekUnavailable):
        kek.wrap(KEYS)
    assert set(proxy.paths()) == {"/v1/auth/approle/login"}
    proxy.heal()
    assert kek.unwrap(kek.wrap(KEYS)) == KEYS


def test_retry_after_is_waited_for(kek: VaultTransitKek, proxy: FaultProxy, time: FakeTime) -> None:
    kek.wrap(KEYS)
    proxy.plan(Status(429, headers={"Retry-After": "7"}), Status(429, headers={"Retry-After": "not a number"}))
    kek.wrap(KEYS)
    assert time.slept == [7.0, 10.0]


def test_retry_after_beyond_the_budget_is_not_waited_for(
    kek: VaultTransitKek, proxy: FaultProxy, time: FakeTime
) -> None:
    kek.wrap(KEYS)
    proxy.plan(Status(503, headers={"Retry-After": "3600"}))
    with pytest.raises(KekUnavailable):
        kek.wrap(KEYS)
    assert time.slept == []


def test_a_drop_in_the_middle_of_a_batch_leaves_no_gap(kek: VaultTransitKek, proxy: FaultProxy) -> None:
    given = [number.to_bytes(32, "big") for number in range(500)]
    kek.wrap(KEYS)
    proxy.plan(None, Drop.IN_MID_RESPONSE, None, Drop.BEFORE_REQUEST)
    wrapped = kek.wrap(given)
    proxy.plan(None, None, Drop.IN_MID_RESPONSE, NO_ACTIVE_NODE)
    assert kek.unwrap(wrapped) == given


def test_an_outage_in_the_middle_of_a_batch_returns_nothing(kek: VaultTransitKek, proxy: FaultProxy) -> None:
    given = [number.to_bytes(32, "big") for number in range(500)]
    wrapped = kek.wrap(given)
    for call in (lambda: kek.wrap(given), lambda: kek.unwrap(wrapped)):
        proxy.plan(None, None)
        proxy.always(Status(503))
        with pytest.raises(KekUnavailable):
            call()
        proxy.heal()


def test_nobody_listens(openbao: OpenBao, time: FakeTime) -> None:
    kek = through(openbao, "http://127.0.0.1:1", "k", TokenAuth("x"), time)
    with pytest.raises(KekUnavailable, match="refused or lost"):
        kek.wrap(KEYS)


@pytest.mark.parametrize("code", [301, 302, 303, 308])
def test_a_redirect_is_not_followed(
    openbao: OpenBao, kek: VaultTransitKek, proxy: FaultProxy, time: FakeTime, code: int
) -> None:
    """The token would go wherever the redirect points."""
    with FaultProxy(openbao.address) as elsewhere:
        proxy.plan(None, Status(code, headers={"Location": f"{elsewhere.address}/v1/sys/health"}))
        with pytest.raises(KekMisconfigured, match="redirect"):
            kek.wrap(KEYS)
        proxy.plan(Status(307, headers={"Location": f"{elsewhere.address}/v1/sys/health"}))
        kek.wrap(KEYS)
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[" * 200_000,
        b"\xff\xfe",
        b"null",
        b"[]",
        {},
        {"data": None},
        {"data": {"batch_results": None}},
        {"data": {"batch_results": []}},
        {"data": {"batch_results": [{}] * 6}},
        {"data": {"batch_results": [{}] * 8}},
        {"data": {"batch_results": ["x"] * 7}},
        {"data": {"batch_results": [{"ciphertext": "vault:v1:AAAA"}] * 7}},
        {"data": {"batch_results": [{"ciphertext": "vault:v1:" + "A" * 79 + "é"}] * 7}},
        {"data": {"batch_results": [{"ciphertext": 5}] * 7}},
    ],
    ids=lambda body: repr(body)[:40],
)
def test_an_answer_that_makes_no_sense(kek: VaultTransitKek, proxy: FaultProxy, body: object) -> None:
    """200 from something that is not a transit engine: never a part, never a guess."""
    proxy.plan(None, Status(200, body))
    with pytest.raises(KekMisconfigured):
        kek.wrap(KEYS)


@pytest.mark.parametrize("plaintext", [None, "", "AAAA", "not base64!", "é" * 44, "A" * 44, "QUFB" * 11])
def test_an_unwrapped_key_of_the_wrong_size_is_refused(
    kek: VaultTransitKek, proxy: FaultProxy, plaintext: object
) -> None:
    wrapped = kek.wrap(KEYS)
    proxy.plan(Status(200, {"data": {"batch_results": [{"plaintext": plaintext}] * 7}}))
    assert all(isinstance(item, KeyWrapRefused) for item in kek.unwrap(wrapped))


def test_a_whole_batch_400_is_not_taken_for_refused_items(kek: VaultTransitKek, proxy: FaultProxy) -> None:
    wrapped = kek.wrap(KEYS)
    for body in ({"errors": ["refused JSON input due to high complexity"]}, {"errors": []}, b"", b"<html>"):
        proxy.plan(Status(400, body))
        with pytest.raises(KekMisconfigured, match="as a whole"):
            kek.unwrap(wrapped)


@pytest.mark.parametrize("code", [200, 400])
def test_partial_failures_by_either_status(kek: VaultTransitKek, proxy: FaultProxy, code: int) -> None:
    """400 is what the servers answer, 200 what a plug-in or a proxy with `partial_failure_response_code` may."""
    wrapped = kek.wrap(KEYS[1:3])
    good = {"plaintext": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="}
    proxy.plan(
        Status(code, {"data": {"batch_results": [good, {"error": "cipher: message authentication failed"}]}})
    )
    outcomes = kek.unwrap(wrapped)
    assert outcomes[0] == KEYS[1]
    assert isinstance(outcomes[1], KeyWrapRefused)


def test_a_500_with_results_is_retried_and_refuses_nobody(kek: VaultTransitKek, proxy: FaultProxy) -> None:
    wrapped = kek.wrap(KEYS)
    proxy.plan(Status(500, {"data": {"batch_results": [{"error": "internal"}] * 7}}))
    assert kek.unwrap(wrapped) == KEYS


def test_sealed_and_unsealed_again(openbao: OpenBao, kek: VaultTransitKek, time: FakeTime) -> None:
    wrapped = kek.wrap(KEYS)
    openbao.seal()
    try:
        with pytest.raises(KekUnavailable, match="sealed"):
            kek.unwrap(wrapped)
        assert [(check.name, check.status) for check in kek.diagnose()] == [("server", "failed")]
    finally:
        openbao.unseal()
    assert kek.unwrap(wrapped) == KEYS


def test_unsealed_while_we_retry(openbao: OpenBao, kek: VaultTransitKek, time: FakeTime) -> None:
    wrapped = kek.wrap(KEYS)
    openbao.seal()
    waited = time.sleep

    def unseal_at_the_second_pause(seconds: float) -> None:
        waited(seconds)
        if len(time.slept) == 2:
            openbao.unseal()

    time.sleep = unseal_at_the_second_pause  # type: ignore[method-assign]
    patient = through(openbao, openbao.address, kek.key, TokenAuth(openbao.root), time)
    assert patient.unwrap(wrapped) == KEYS
    assert len(time.slept) == 2


def test_leader_steps_down(openbao_cluster: list[OpenBao]) -> None:
    """Two real nodes: for about a second the cluster has no leader and answers 500."""
    active = openbao_cluster[0]
    key = active.create_key()
    role = active.create_approle(active.least_privilege(key))
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        real_time.sleep(seconds)

    keks = [
        VaultTransitKek(
            address=node.address,
            key=key,
            auth=AppRoleAuth(role.role_id, role.secret_id),
            ca=node.ca,
            retry=RetryPolicy(base=0.05, cap=0.5, budget=60, sleep=sleep, random=lambda: 1.0),
            timeouts=Timeouts(read=1),  # some requests are not answered at all during the change
        )
        for node in openbao_cluster
    ]
    wrapped = keks[0].wrap(KEYS)
    assert keks[1].unwrap(wrapped) == KEYS, "a standby forwards"
    active.api("PUT", "sys/step-down")
    assert keks[0].unwrap(wrapped) == KEYS
    assert keks[1].unwrap(keks[1].wrap(KEYS)) == KEYS
    assert waits, "the step-down was met, not missed"
    wait_until(lambda: 200 in [node.health() for node in openbao_cluster], "a node is active again")


def test_nothing_secret_in_errors_and_logs(
    openbao: OpenBao, proxy: FaultProxy, time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    """Canaries: the keys, the wrapped keys, the token and the secret id, in every spelling, in every failure."""
    key = openbao.create_key()
    role = openbao.create_approle(openbao.least_privilege(key))
    kek = through(openbao, proxy.address, key, AppRoleAuth(role.role_id, role.secret_id), time)
    echo = {"errors": ["bad input: " + "AQEBAQEB" * 6, role.secret_id]}  # a server that quotes what it got
    errors: list[KekError] = []
    with caplog.at_level(logging.DEBUG):
        for fault in [Status(400, echo), Status(500, echo), *TRANSIENT, Status(400, echo), Status(403, echo)]:
            proxy.always(fault)
            with pytest.raises(KekError) as at_login:
                kek.wrap([KEYS[1]] * 200)
            errors.append(at_login.value)
            proxy.heal()
        wrapped = kek.wrap([KEYS[1]] * 200)
        for fault in [*TRANSIENT, Status(200, echo), Status(400, echo), Status(404, echo), Status(403, echo)]:
            for call in (lambda: kek.wrap([KEYS[1]] * 200), lambda: kek.unwrap(wrapped)):
                proxy.plan(None)
                proxy.always(fault)
                with pytest.raises(KekError) as raised:
                    call()
                errors.append(raised.value)
                proxy.heal()
    shown = "\n".join(with_locals(error) for error in errors)
    assert proxy.address not in shown
    shown += "\n".join(record.getMessage() for record in caplog.records)
    secrets = [token for token in set(proxy.tokens) if token]
    assert secrets
    secrets += [role.secret_id, role.role_id, "AQEBAQEB", r"\x01\x01", "01" * 32, "vault:v1:"]
    assert [secret for secret in secrets if secret in shown] == []


def test_denied_login_is_not_retried(openbao: OpenBao, proxy: FaultProxy, time: FakeTime) -> None:
    kek = through(openbao, proxy.address, "k", AppRoleAuth("no", "body"), time)
    with pytest.raises(KekDenied):
        kek.wrap(KEYS)
    assert len(proxy.requests) == 1
    assert time.slept == []
