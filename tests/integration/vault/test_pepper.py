"""TransitPepper at a real server: least privilege, rotation, outage, a missing key, and secrecy."""

from __future__ import annotations

import hashlib
import os

import pytest
from plugins.openbao_server import OpenBao
from plugins.secrecy import found_in, shown_by

from fieldvault.errors import ConfigurationError, KekDenied, KekError, KekMisconfigured, KekUnavailable
from fieldvault.kek.vault_transit import AppRoleAuth, RetryPolicy, TokenAuth
from fieldvault.passwords import CHEAPEST, Expression, PasswordHasher
from fieldvault.peppers import TransitPepper

MD5 = Expression("md5(password)")
DIGEST = hashlib.md5(b"secret").hexdigest()


@pytest.fixture
def hmac_key(openbao: OpenBao) -> str:
    return openbao.create_key(type="hmac", key_size=32)


@pytest.fixture
def pepper(openbao: OpenBao, hmac_key: str) -> TransitPepper:
    """With the one right that it needs."""
    policy = openbao.write_policy(f"pepper-{hmac_key}", (f"{openbao.mount}/hmac/{hmac_key}/sha2-256", "update"))
    role = openbao.create_approle(policy)
    return TransitPepper(
        address=openbao.address,
        key=hmac_key,
        mount=openbao.mount,
        name="main",
        auth=AppRoleAuth(role.role_id, role.secret_id),
        retry=RetryPolicy(base=0.01, budget=20),
    )


def rotate(openbao: OpenBao, key: str) -> None:
    openbao.api("POST", f"{openbao.mount}/keys/{key}/rotate")


def test_hash_verify_and_wrap(pepper: TransitPepper) -> None:
    hasher = PasswordHasher(CHEAPEST, pepper=pepper)
    stored, wrapped = hasher.hash("secret"), hasher.wrap(DIGEST, MD5)
    assert stored.startswith("$fvw1$password$$main:1$")
    assert hasher.verify_and_update("secret", stored) == (True, None)
    assert not hasher.verify("wrong", stored)
    assert hasher.verify("secret", wrapped)
    assert not hasher.verify("wrong", wrapped)


def test_an_aead_key_makes_peppers_too(openbao: OpenBao) -> None:
    pepper = TransitPepper(
        address=openbao.address, key=openbao.create_key(), mount=openbao.mount, auth=TokenAuth(openbao.root)
    )
    hasher = PasswordHasher(CHEAPEST, pepper=pepper)
    assert hasher.verify("secret", hasher.hash("secret"))


def test_a_batch_is_few_requests_and_each_mac_is_its_own(
    openbao: OpenBao, pepper: TransitPepper, hmac_key: str
) -> None:
    pepper.newest_version()
    messages = [b"m%d" % number for number in range(600)]
    with openbao.counted(f"{openbao.mount}/hmac/{hmac_key}/sha2-256") as count:
        peppered = pepper.mac(messages)
    assert count == [3]
    assert len(set(peppered.macs)) == 600
    assert pepper.mac([messages[300]]).macs == [peppered.macs[300]]


def test_rotation_is_followed_at_the_next_login(openbao: OpenBao, pepper: TransitPepper, hmac_key: str) -> None:
    hasher = PasswordHasher(CHEAPEST, pepper=pepper)
    stored = hasher.hash("secret")
    rotate(openbao, hmac_key)
    assert hasher.verify("secret", stored)
    assert "$main:2$" in hasher.hash("another")  # this process has seen the new version now
    ok, new = hasher.verify_and_update("secret", stored)
    assert ok
    assert new is not None
    assert "$main:2$" in new
    assert hasher.verify_and_update("secret", new) == (True, None)


def test_a_version_that_is_retired_is_an_error_and_not_a_wrong_password(
    openbao: OpenBao, pepper: TransitPepper, hmac_key: str
) -> None:
    hasher = PasswordHasher(CHEAPEST, pepper=pepper)
    stored = hasher.hash("secret")
    rotate(openbao, hmac_key)
    openbao.api("POST", f"{openbao.mount}/keys/{hmac_key}/config", {"min_encryption_version": 2})
    openbao.api("POST", f"{openbao.mount}/keys/{hmac_key}/config", {"min_decryption_version": 2})
    with pytest.raises(KekError):
        hasher.verify("secret", stored)
    with pytest.raises(KekError):
        hasher.verify("secret", stored.replace("main:1", "main:77"))


def test_a_missing_key_is_not_created(openbao: OpenBao) -> None:
    pepper = TransitPepper(
        address=openbao.address, key="no-such-pepper", mount=openbao.mount, auth=TokenAuth(openbao.root)
    )
    with pytest.raises(KekMisconfigured):
        pepper.mac([b"x"])
    assert not openbao.has_key("no-such-pepper")


def test_a_policy_without_the_right(openbao: OpenBao, hmac_key: str) -> None:
    token = openbao.create_token(openbao.least_privilege(hmac_key))
    pepper = TransitPepper(address=openbao.address, key=hmac_key, mount=openbao.mount, auth=TokenAuth(token))
    with pytest.raises(KekDenied, match="permission"):
        pepper.mac([b"x"])


def test_an_outage_fails_closed_and_shows_nothing(hmac_key: str, openbao: OpenBao) -> None:
    pepper = TransitPepper(
        address="http://127.0.0.1:9", key=hmac_key, auth=TokenAuth("x"), retry=RetryPolicy(base=0.01, budget=0.05)
    )
    hasher = PasswordHasher(CHEAPEST, pepper=pepper, schemes=[MD5])
    plain = PasswordHasher(CHEAPEST).hash("correct-horse")
    for call in (
        lambda: hasher.hash("correct-horse"),
        lambda: hasher.verify("correct-horse", plain),
        lambda: hasher.verify("correct-horse", DIGEST),
        lambda: hasher.verify_unknown_user("correct-horse"),
        lambda: hasher.wrap(DIGEST, MD5),
    ):
        with pytest.raises(KekUnavailable) as refused:
            call()
        assert found_in(shown_by(refused.value), ["correct-horse", DIGEST]) == []


def test_the_server_never_sees_a_password(
    openbao: OpenBao, pepper: TransitPepper, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    mac = pepper.mac
    monkeypatch.setattr(pepper, "mac", lambda messages, **named: (sent.extend(messages), mac(messages, **named))[1])
    hasher = PasswordHasher(CHEAPEST, pepper=pepper)
    hasher.verify("correct-horse", hasher.hash("correct-horse"))
    assert len(sent) == 2
    assert all(one.startswith(b"fieldvault/v1/password-pepper:") and b"horse" not in one for one in sent)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_uses_it(pepper: TransitPepper) -> None:
    expected = pepper.mac([b"x"]).macs
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if pepper.mac([b"x"]).macs == expected else 2
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.parametrize("name", ["", "Main", "a:b", "x" * 33, "1a"])
def test_names_that_would_not_fit_into_a_row(name: str) -> None:
    with pytest.raises(ConfigurationError):
        TransitPepper(address="http://127.0.0.1:1", key="k", auth=TokenAuth("x"), name=name)
