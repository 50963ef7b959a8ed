"""Checkpoints signed by a real server: least privilege, a rotated key, and signatures that are not its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from plugins.openbao_server import OpenBao

from fieldvault.audit import check_signature, checkpoint, read_checkpoint
from fieldvault.errors import AuditError, KekDenied, KekMisconfigured
from fieldvault.kek.vault_transit import AppRoleAuth, RetryPolicy, TokenAuth, TransitSigner
from fieldvault.ports import AuditHead

HEAD = AuditHead("audit", 7, "ab" * 32)
MOMENT = datetime(2026, 1, 2, tzinfo=UTC)


def signer(openbao: OpenBao, key: str, *paths: str) -> TransitSigner:
    """With the rights named, and no others."""
    policy = openbao.write_policy(
        f"signer-{key}-{len(paths)}", *((f"{openbao.mount}/{path}/{key}", "update") for path in paths)
    )
    role = openbao.create_approle(policy)
    return TransitSigner(
        address=openbao.address,
        key=key,
        mount=openbao.mount,
        auth=AppRoleAuth(role.role_id, role.secret_id),
        retry=RetryPolicy(base=0.01, budget=20),
    )


@pytest.fixture
def key(openbao: OpenBao) -> str:
    return openbao.create_key(type="ed25519")


def test_a_signed_checkpoint_verifies_also_after_a_rotation(openbao: OpenBao, key: str) -> None:
    both = signer(openbao, key, "sign", "verify")
    made = read_checkpoint(checkpoint(HEAD, at=MOMENT, signer=both).text())
    openbao.api("POST", f"{openbao.mount}/keys/{key}/rotate")
    check_signature(made, both)
    assert made.signer == both.name


@pytest.mark.parametrize("change", [{"seq": 8}, {"mac": "cd" * 32}, {"log": "other"}, {"at": "2026-01-03"}])
def test_a_changed_checkpoint_does_not(openbao: OpenBao, key: str, change: dict[str, object]) -> None:
    both = signer(openbao, key, "sign", "verify")
    made = replace(checkpoint(HEAD, at=MOMENT, signer=both), **change)
    with pytest.raises(AuditError, match="wrong"):
        check_signature(made, both)


@pytest.mark.parametrize("signature", ["vault:v9:AAAA", "vault:v1:AAAA", "AAAA", ""])
def test_a_signature_that_is_none_is_refused(openbao: OpenBao, key: str, signature: str) -> None:
    both = signer(openbao, key, "sign", "verify")
    made = replace(checkpoint(HEAD, at=MOMENT, signer=both), signature=signature)
    with pytest.raises(AuditError, match="wrong"):
        check_signature(made, both)


def test_a_checkpoint_of_another_key_says_which(openbao: OpenBao, key: str) -> None:
    made = checkpoint(HEAD, at=MOMENT, signer=signer(openbao, key, "sign"))
    other = signer(openbao, openbao.create_key(type="ed25519"), "verify")
    with pytest.raises(AuditError, match=key):
        check_signature(made, other)
    with pytest.raises(AuditError, match="cannot be asked"):
        check_signature(made, None)


def test_who_may_only_verify_cannot_sign_and_the_reverse(openbao: OpenBao, key: str) -> None:
    with pytest.raises(KekDenied, match="policy"):
        signer(openbao, key, "verify").sign(b"message")
    signing = signer(openbao, key, "sign")
    with pytest.raises(KekDenied):
        signing.verify(b"message", signing.sign(b"message"))


def test_a_key_that_cannot_sign_is_a_misconfiguration(openbao: OpenBao) -> None:
    wrong = TransitSigner(
        address=openbao.address, key=openbao.create_key(), mount=openbao.mount, auth=TokenAuth(openbao.root)
    )
    with pytest.raises(KekMisconfigured, match="signs"):
        wrong.sign(b"message")
