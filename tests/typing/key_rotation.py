"""The rotation of keys as users write it: mypy checks this file, nobody runs it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import assert_type

from fieldvault import Keyrings
from fieldvault.audit import MemoryAudit
from fieldvault.kek.several import SeveralKeks
from fieldvault.kek.vault_transit import VaultTransitKek
from fieldvault.keystore import MemoryKeyStore, SqlKeyStore
from fieldvault.ports import KekDirectory, KekProvider, KeyStore, VersionedKek
from fieldvault.rotation.keys import (
    Destroyed,
    EpochResult,
    KeyOperations,
    RewrapResult,
    RotateResult,
    RowCounter,
    SubjectsResult,
)
from fieldvault.rotation.metrics import RotationMetrics


class Counters:
    def add(self, name: str, amount: int, attributes: Mapping[str, str]) -> None: ...


class Archive:
    name = "archive"

    def rows_under(self, key_ids: Collection[bytes]) -> dict[bytes, int]:
        return dict.fromkeys(key_ids, 0)


def operate(keyrings: Keyrings, kek: VaultTransitKek, new: KekProvider) -> None:
    metrics: RotationMetrics = Counters()
    counter: RowCounter = Archive()
    operations = KeyOperations(keyrings, audit=MemoryAudit(), actor="night", metrics=metrics)
    assert_type(operations.rotate("acme"), RotateResult)
    assert_type(operations.resume_rotation(every_tenant=True), SubjectsResult)
    assert_type(operations.rewrap(below=3), RewrapResult)
    assert_type(operations.move(new), RewrapResult)
    assert_type(operations.retire(bytes(16), [counter]), Destroyed)
    assert_type(operations.shred_tenant("acme", reason="ended"), Destroyed)
    assert_type(operations.begin_epoch(dry_run=True), EpochResult)
    versioned: VersionedKek = kek
    directory: KekDirectory = SeveralKeks(kek, new)
    stores: list[KeyStore] = [MemoryKeyStore(), SqlKeyStore("sqlite:///keys.db")]
    print(versioned, directory, stores)
