"""The library against keyring-v1.json: key ids, commitments, subject keys, local KEKs, transit's wrapped keys."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fieldvault import Keyrings, Scope
from fieldvault.core import aead
from fieldvault.core.aead import AeadKey
from fieldvault.core.derive import derive_key_id, subject_key_aad
from fieldvault.errors import FieldvaultError, KekMisconfigured, KeyStoreError, KeyWrapRefused, OpenError, Stage
from fieldvault.kek.local import LocalKek, LocalKekWarning, Passphrase, ProtectionKey
from fieldvault.kek.vault_transit import ciphertext
from fieldvault.keyring.data_key import SUBJECTS_PURPOSE, DataKey, admit
from fieldvault.keystore import MemoryKeyStore
from fieldvault.ports import DataKeyRecord, KeyState, SubjectKeyRecord
from vectors.test_envelope import VectorKek
from vectors.typed import names, vectors

FILE = vectors("keyring-v1")


def of_kind(sign: str, kind: str) -> pytest.MarkDecorator:
    cases = [case for case in FILE[sign] if case["kind"] == kind]
    assert cases
    return pytest.mark.parametrize("case", cases, ids=names(cases))


def scope_of(case: dict[str, Any]) -> Scope:
    return Scope(case["tenant"], case["purpose"])


@of_kind("positive", "key-id")
def test_key_ids(case: dict[str, Any]) -> None:
    scope, key = scope_of(case), bytes.fromhex(case["key"])
    assert scope.canonical(case["subject"]).hex() == case["scope"]
    assert derive_key_id(key, scope, case["subject"]).hex() == case["key_id"]
    assert isinstance(
        admit(key, bytes.fromhex(case["key_id"]), scope, subject=case["subject"], fetched_at=0.0), DataKey
    )


@of_kind("negative", "key-id")
def test_scopes_that_a_writer_must_refuse(case: dict[str, Any]) -> None:
    with pytest.raises(FieldvaultError):
        derive_key_id(bytes.fromhex(case["key"]), scope_of(case), case["subject"])


@of_kind("negative", "commitment")
def test_a_key_in_a_row_that_is_not_its_own_is_refused(case: dict[str, Any]) -> None:
    refusal = admit(
        bytes.fromhex(case["key"]),
        bytes.fromhex(case["stored_key_id"]),
        scope_of(case),
        subject=case["subject"],
        fetched_at=0.0,
    )
    assert isinstance(refusal, OpenError)
    assert refusal.stage == case["stage"]


@of_kind("positive", "subject-wrap")
def test_subject_keys_are_wrapped_as_specified(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    data_key = AeadKey(bytes.fromhex(case["data_key"]), bytes.fromhex(case["data_key_id"]))
    aad = subject_key_aad(data_key.header, scope_of(case), case["subject"])
    assert aad.hex() == case["aad"]
    monkeypatch.setattr(aead.os, "urandom", lambda size: bytes.fromhex(case["nonce"]))
    assert data_key.seal(bytes.fromhex(case["subject_key"]), aad).hex() == case["wrapped"]
    keys = [{"key_id": case["data_key_id"], "key": case["data_key"]}]
    assert isinstance(unwrapped(case, keys), DataKey)


@of_kind("negative", "subject-wrap")
def test_a_subject_key_that_was_altered_or_moved_is_refused(case: dict[str, Any]) -> None:
    if not case["wrapped"]:
        # The key store does not even take it; a row that lost its key some other way has the same refusal.
        with pytest.raises(KeyStoreError):
            unwrapped(case, case["data_keys"])
        case = case | {"wrapped": "00"}
    refusal = unwrapped(case, case["data_keys"])
    assert isinstance(refusal, OpenError)
    assert refusal.stage == case["stage"]


def unwrapped(case: dict[str, Any], data_keys: list[dict[str, str]]) -> DataKey | OpenError:
    store, scope, now = MemoryKeyStore(), scope_of(case), datetime.now(UTC)
    store.create()
    last = None
    wrapping = Scope(scope.tenant, SUBJECTS_PURPOSE)
    for version, row in enumerate(data_keys, 1):
        key_id, key = bytes.fromhex(row["key_id"]), bytes.fromhex(row["key"])
        record = DataKeyRecord(key_id, wrapping, version, KeyState.ACTIVE, "vectors", key, now)
        store.add_primary(record, replaces=last)
        last = key_id
    subject_key_id = bytes.fromhex(case["subject_key_id"])
    wrapped = bytes.fromhex(case["wrapped"])
    store.add_subject_keys([SubjectKeyRecord(subject_key_id, scope, case["subject"], wrapped, now)])
    return Keyrings(VectorKek(), store).keyring(scope).keys([subject_key_id])[subject_key_id]


def open_local(case: dict[str, Any], path: Path) -> LocalKek:
    path.write_bytes(case["file"].encode())
    path.chmod(0o600)
    by_key = case["protection_key"] is not None
    protection = ProtectionKey(case["protection_key"]) if by_key else Passphrase(case["passphrase"])
    with pytest.warns(LocalKekWarning):
        return LocalKek.open(path, protection)


@of_kind("positive", "local-kek-file")
def test_local_kek_files_open(case: dict[str, Any], tmp_path: Path) -> None:
    assert open_local(case, tmp_path / "kek").name == f"local:{case['id']}"


@of_kind("negative", "local-kek-file")
def test_local_kek_files_that_nobody_wrote_are_refused(case: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(KekMisconfigured):
        open_local(case, tmp_path / "kek")


def local_kek(case: dict[str, Any]) -> LocalKek:
    return LocalKek(AeadKey(bytes.fromhex(case["kek"]), bytes.fromhex(case["kek_id"])))


@of_kind("positive", "local-wrap")
def test_the_local_kek_wraps_as_specified(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    kek = local_kek(case)
    data_key, wrapped = bytes.fromhex(case["data_key"]), bytes.fromhex(case["wrapped"])
    assert kek.name == case["kek_name"]
    assert kek.unwrap([wrapped]) == [data_key]
    monkeypatch.setattr(aead.os, "urandom", lambda size: bytes.fromhex(case["nonce"]))
    assert kek.wrap([data_key]) == [wrapped]


@of_kind("negative", "local-wrap")
def test_keys_wrapped_by_the_local_kek_and_altered_are_refused(case: dict[str, Any]) -> None:
    [raw] = local_kek(case).unwrap([bytes.fromhex(case["wrapped"])])
    # A KEK returns what it unwraps; that it is 32 bytes is checked where a key is admitted.
    refusal = (
        raw if isinstance(raw, KeyWrapRefused) else admit(raw, bytes(16), Scope("acme", "fields"), fetched_at=0.0)
    )
    assert isinstance(refusal, OpenError)
    assert refusal.stage == case["stage"] == Stage.UNWRAP


@of_kind("positive", "vault-wrapped-key")
def test_transit_wrapped_keys_are_read(case: dict[str, Any]) -> None:
    assert ciphertext.version_of(case["wrapped"].encode()) == case["version"]


@of_kind("negative", "vault-wrapped-key")
def test_malformed_transit_wrapped_keys_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(KeyWrapRefused):
        ciphertext.version_of(case["wrapped"].encode())
