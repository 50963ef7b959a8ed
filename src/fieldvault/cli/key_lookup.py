"""Whose a key id is, as the key store knows it; the KEK is not needed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from fieldvault.core.context import Scope
from fieldvault.keyring import FIELDS_PURPOSE, SUBJECTS_PURPOSE
from fieldvault.ports import DataKeyRecord, KeyStore


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """`scope` as text, None where only the fact of shredding is left. `state` for people."""

    scope: str | None
    state: str

    def __str__(self) -> str:
        return self.state if self.scope is None else f"{self.scope}, {self.state}"


def owners(store: KeyStore, key_ids: Collection[bytes]) -> dict[bytes, KeyOwner]:
    """The owner of each of `key_ids` that the store knows. Raises `KeyStoreError`."""
    found: dict[bytes, KeyOwner] = {}
    scopes = store.scopes()
    for scope in scopes:
        for record in store.data_keys(scope):
            if record.key_id in key_ids:
                found[record.key_id] = KeyOwner(str(scope), f"version {record.version}, {record.state.value}")
    # A person's key belongs to the scope of the values, which may have no data key of its own.
    tenants = {scope.tenant: None for scope in scopes if scope.purpose == SUBJECTS_PURPOSE}
    for scope in [Scope(tenant, FIELDS_PURPOSE) for tenant in tenants]:
        if left := [one for one in key_ids if one not in found]:
            for key_id in store.subject_keys_by_id(scope, left):
                found[key_id] = KeyOwner(str(scope), "a subject's key")
    if left := [one for one in key_ids if one not in found]:
        for key_id, at in store.shredded(left).items():
            found[key_id] = KeyOwner(None, f"shredded on {at:%Y-%m-%d}")
    return found


def kek_version(record: DataKeyRecord) -> int | None:
    """The KEK version that wrapped this key, as far as its own form tells; None for a destroyed key."""
    from fieldvault.errors import KeyWrapRefused
    from fieldvault.kek.vault_transit.ciphertext import version_of

    if record.wrapped is None:
        return None
    if record.kek.startswith("local:"):
        return 1
    try:
        return version_of(record.wrapped)
    except KeyWrapRefused:
        return None
