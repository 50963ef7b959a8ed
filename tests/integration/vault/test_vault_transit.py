"""What is particular to the transit engine: TLS, namespaces, missing keys, versions, chunks, least privilege."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from plugins.openbao_server import OpenBao
from plugins.openbao_tls import write_ca

from fieldvault.errors import KekDenied, KekMisconfigured, KeyWrapRefused
from fieldvault.kek.vault_transit import (
    AppRoleAuth,
    CheckStatus,
    InsecureHttp,
    RetryPolicy,
    Timeouts,
    TokenAuth,
    VaultTransitKek,
)

KEYS = [bytes([number]) * 32 for number in range(3)]


def as_root(openbao: OpenBao, key: str) -> VaultTransitKek:
    return VaultTransitKek(address=openbao.address, key=key, mount=openbao.mount, auth=TokenAuth(openbao.root))


# --- TLS ---------------------------------------------------------------------------------------


def test_tls_with_our_own_ca_and_least_privilege(openbao_tls: OpenBao) -> None:
    key = openbao_tls.create_key()
    role = openbao_tls.create_approle(openbao_tls.least_privilege(key))
    kek = VaultTransitKek(
        address=openbao_tls.address, key=key, auth=AppRoleAuth(role.role_id, role.secret_id), ca=openbao_tls.ca
    )
    assert kek.unwrap(kek.wrap(KEYS)) == KEYS
    assert {check.status for check in kek.diagnose()} == {CheckStatus.OK}


@pytest.mark.parametrize("trusted", ["another CA", "the public CAs"])
def test_a_certificate_that_is_not_trusted_gets_no_token(
    openbao_tls: OpenBao, tmp_path: Path, trusted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert openbao_tls.ca is not None
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "VAULT_CACERT", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(openbao_tls.ca))  # the environment must not widen the trust
    ca = write_ca(tmp_path, "another")[0] if trusted == "another CA" else None
    before = openbao_tls.audit.read_bytes() if openbao_tls.audit else b""
    kek = VaultTransitKek(address=openbao_tls.address, key="k", auth=TokenAuth(openbao_tls.root), ca=ca)
    with pytest.raises(KekMisconfigured, match="certificate"):
        kek.wrap(KEYS)
    assert openbao_tls.audit is not None
    assert openbao_tls.audit.read_bytes() == before


def test_a_certificate_for_another_host_is_refused(openbao_tls: OpenBao) -> None:
    address = openbao_tls.address.replace("127.0.0.1", "localhost")
    kek = VaultTransitKek(address=address, key="k", auth=TokenAuth("x"), ca=openbao_tls.ca)
    with pytest.raises(KekMisconfigured, match="certificate"):
        kek.wrap(KEYS)


def test_https_to_a_port_that_speaks_http(openbao: OpenBao) -> None:
    kek = VaultTransitKek(address=openbao.address.replace("http://", "https://"), key="k", auth=TokenAuth("x"))
    with pytest.raises(KekMisconfigured, match="TLS"):
        kek.wrap(KEYS)


def test_insecure_http_is_an_opt_in(openbao: OpenBao, key: str) -> None:
    kek = VaultTransitKek(
        address=InsecureHttp(openbao.address), key=key, mount=openbao.mount, auth=TokenAuth(openbao.root)
    )
    assert kek.unwrap(kek.wrap(KEYS)) == KEYS


# --- Keys, mounts, namespaces ------------------------------------------------------------------


def test_a_missing_key_is_never_created(openbao: OpenBao) -> None:
    """Transit's encrypt would create it for this token, which is allowed everything."""
    kek = as_root(openbao, "customres")
    for _ in range(2):
        with pytest.raises(KekMisconfigured, match="does not exist") as missing:
            kek.wrap(KEYS)
        assert "bao write" in str(missing.value.hint)
    assert not openbao.has_key("customres")


def test_a_missing_key_is_told_from_a_missing_right(openbao: OpenBao) -> None:
    """With `update` alone the server answers 403 to both."""
    kek = _with_policy(openbao, "no-such-key", "update", "update")
    with pytest.raises(KekMisconfigured, match="does not exist"):
        kek.wrap(KEYS)
    with pytest.raises(KekMisconfigured, match="does not exist"):
        kek.unwrap([b"vault:v1:" + b"A" * 80])
    key = openbao.create_key()
    kek = _with_policy(openbao, key, "deny", "update")
    with pytest.raises(KekDenied):
        kek.wrap(KEYS)
    assert [type(item) for item in kek.unwrap([b"vault:v1:" + b"A" * 80])] == [KeyWrapRefused]


def test_missing_mount(openbao: OpenBao) -> None:
    kek = VaultTransitKek(address=openbao.address, key="k", mount="nowhere", auth=TokenAuth(openbao.root))
    with pytest.raises(KekMisconfigured, match="no transit engine"):
        kek.wrap(KEYS)


@pytest.mark.parametrize(
    "options", [{"derived": True}, {"type": "ed25519"}, {"type": "rsa-2048"}, {"type": "xchacha20-poly1305"}]
)
def test_a_key_of_the_wrong_kind(openbao: OpenBao, options: dict[str, object]) -> None:
    with pytest.raises(KekMisconfigured, match="aes256-gcm96"):
        as_root(openbao, openbao.create_key(**options)).wrap(KEYS)


def test_a_mount_that_is_another_engine(openbao: OpenBao) -> None:
    kek = VaultTransitKek(address=openbao.address, key="k", mount="secret", auth=TokenAuth(openbao.root))
    with pytest.raises(KekMisconfigured):
        kek.wrap(KEYS)


def test_namespaces_keep_keys_of_the_same_name_apart(openbao: OpenBao) -> None:
    keks = []
    for space in ("team-a", "team-b"):
        openbao.api("POST", f"sys/namespaces/{space}")
        openbao.api("POST", "sys/mounts/transit", {"type": "transit"}, namespace=space)
        openbao.api("POST", "transit/keys/customers", {}, namespace=space)
        kek = VaultTransitKek(
            address=openbao.address, key="customers", namespace=f"/{space}/", auth=TokenAuth(openbao.root)
        )
        keks.append(kek)
    assert [kek.name for kek in keks] == [f"vault-transit:transit/customers@team-{x}" for x in "ab"]
    wrapped = keks[0].wrap(KEYS)
    assert keks[0].unwrap(wrapped) == KEYS
    assert [type(item) for item in keks[1].unwrap(wrapped)] == [KeyWrapRefused] * 3
    assert keks[0].diagnose()[-1].status is CheckStatus.OK


# --- Versions ----------------------------------------------------------------------------------


def test_versions_after_rotation(openbao: OpenBao) -> None:
    key = openbao.create_key()
    kek = as_root(openbao, key)
    old = kek.wrap(KEYS)
    openbao.api("POST", f"{openbao.mount}/keys/{key}/rotate")
    new = kek.wrap(KEYS)
    assert [kek.version_of(item) for item in old + new] == [1] * 3 + [2] * 3
    assert kek.unwrap(old + new) == KEYS * 2
    swapped = [item.replace(b":v1:", b":v2:") for item in old] + [item.replace(b":v2:", b":v1:") for item in new]
    assert [type(item) for item in kek.unwrap(swapped)] == [KeyWrapRefused] * 6
    openbao.api("POST", f"{openbao.mount}/keys/{key}/config", {"min_decryption_version": 2})
    outcomes = kek.unwrap(old + new)
    assert outcomes[3:] == KEYS
    for refused in outcomes[:3]:
        assert isinstance(refused, KeyWrapRefused)
        assert "not opened any more" in refused.message


def test_version_0_that_the_server_would_take_for_1(openbao: OpenBao, key: str) -> None:
    """So a flipped bit would go unnoticed if we did not refuse it ourselves."""
    kek = as_root(openbao, key)
    alias = kek.wrap(KEYS[:1])[0].replace(b":v1:", b":v0:")
    taken = openbao.api("POST", f"{openbao.mount}/decrypt/{key}", {"ciphertext": alias.decode()})
    assert taken["data"]["plaintext"]
    assert [type(item) for item in kek.unwrap([alias])] == [KeyWrapRefused]


# --- Calls -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("items", "calls"), [(0, 0), (1, 1), (160, 1), (161, 2), (1000, 7)])
def test_calls_at_the_servers_audit_log(openbao: OpenBao, kek: VaultTransitKek, items: int, calls: int) -> None:
    given = [os.urandom(32) for _ in range(items)]
    with openbao.counted(f"{openbao.mount}/encrypt/{kek.key}") as wraps:
        wrapped = kek.wrap(given)
    with openbao.counted(f"{openbao.mount}/decrypt/{kek.key}") as unwraps:
        assert kek.unwrap(wrapped) == given
    assert (wraps, unwraps) == ([calls], [calls])


def test_malformed_items_never_reach_the_server(openbao: OpenBao, kek: VaultTransitKek) -> None:
    with openbao.counted(f"{openbao.mount}/decrypt/{kek.key}") as unwraps:
        assert all(isinstance(item, KeyWrapRefused) for item in kek.unwrap([b"", b"vault:v0:" + b"A" * 80] * 300))
    assert unwraps == [0]


# --- What the doctor says ----------------------------------------------------------------------


def test_diagnose_under_least_privilege(kek: VaultTransitKek) -> None:
    checks = kek.diagnose()
    assert [check.name for check in checks] == ["server", "login", "token", "capabilities", "round trip"]
    assert {check.status for check in checks} == {CheckStatus.OK}
    assert "app-" in checks[2].detail


def test_diagnose_warns_of_too_many_rights(openbao: OpenBao, key: str) -> None:
    found = {check.name: check for check in as_root(openbao, key).diagnose()}
    assert found["token"].status is CheckStatus.WARNING
    assert found["capabilities"].status is CheckStatus.WARNING
    assert found["round trip"].status is CheckStatus.OK
    policy = openbao.write_policy(
        f"wide-{key}",
        (f"{openbao.mount}/encrypt/{key}", "create,update"),
        (f"{openbao.mount}/decrypt/{key}", "update"),
        (f"{openbao.mount}/export/*", "read"),
    )
    token = openbao.create_token(policy, ttl="1h")
    kek = VaultTransitKek(address=openbao.address, key=key, mount=openbao.mount, auth=TokenAuth(token))
    warning = {check.name: check for check in kek.diagnose()}["capabilities"]
    assert warning.status is CheckStatus.WARNING
    assert "create" in warning.detail
    assert "export" in warning.detail
    assert f"decrypt/{key}" not in warning.detail


def test_diagnose_stops_at_what_fails(openbao: OpenBao, key: str) -> None:
    kek = _with_policy(openbao, key, "update", "deny")
    last = kek.diagnose()[-1]
    assert (last.name, last.status) == ("capabilities", CheckStatus.FAILED)
    assert "decrypt" in last.detail
    kek = VaultTransitKek(address=openbao.address, key=key, auth=AppRoleAuth("a", "b"))
    assert [(check.name, check.status) for check in kek.diagnose()][1:] == [("login", CheckStatus.FAILED)]
    nobody = VaultTransitKek(
        address="http://127.0.0.1:1",
        key=key,
        auth=TokenAuth("x"),
        timeouts=Timeouts(connect=0.2),
        retry=RetryPolicy(),
    )
    assert [(check.name, check.status) for check in nobody.diagnose()] == [("server", CheckStatus.FAILED)]


def _with_policy(openbao: OpenBao, key: str, encrypt: str, decrypt: str) -> VaultTransitKek:
    policy = openbao.write_policy(
        f"partial-{key}", (f"{openbao.mount}/encrypt/{key}", encrypt), (f"{openbao.mount}/decrypt/{key}", decrypt)
    )
    token = openbao.create_token(policy, ttl="1h")
    return VaultTransitKek(address=openbao.address, key=key, mount=openbao.mount, auth=TokenAuth(token))
