"""What the keyrings of one process share."""

from __future__ import annotations

from dataclasses import dataclass

from fieldvault.keyring.cache import KeyCache
from fieldvault.keyring.policy import KeyringPolicy
from fieldvault.ports import Clock, KekProvider, KeyStore


@dataclass(frozen=True, slots=True)
class KeyringParts:
    """The ports, the policy, and two caches: subject keys are many, and must not push out the data keys."""

    kek: KekProvider
    store: KeyStore
    policy: KeyringPolicy
    clock: Clock
    data_keys: KeyCache
    subject_keys: KeyCache
