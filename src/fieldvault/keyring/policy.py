"""How long keys stay in memory, how many there may be, and how uses are leased."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fieldvault.errors import ConfigurationError

NIST_LIMIT = 2**32
"""NIST SP 800-38D §8.3: encryptions under one key with random 96-bit nonces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyringPolicy:
    """Raises `ConfigurationError` where the limits contradict each other or exceed NIST's.

    `cache_seconds`: how long an unwrapped key is used without asking the KEK again. A shredded or revoked key
        stops working elsewhere after at most this long; an outage of the KEK is felt after at most this long.
    `cache_uses`: how many values an unwrapped key seals or opens before it is unwrapped anew.
    `cache_keys`: how many unwrapped data keys are kept, of all tenants; the least recently used go first.
    `cache_subjects`: how many subjects' keys are kept besides.
    `lease`: how many encryptions a process reserves at a time (spec keyring-v1 §8).
    `rotate_at`: leased uses at which a new primary is made.
    `refuse_at`: uses that are never exceeded; below 2^32.
    """

    cache_seconds: float = 300.0
    cache_uses: int = 2**31
    cache_keys: int = 10_000
    cache_subjects: int = 20_000
    lease: int = 2**20
    rotate_at: int = 2**31
    refuse_at: int = NIST_LIMIT - 1

    def __post_init__(self) -> None:
        if not 1 <= self.lease <= self.rotate_at <= self.refuse_at < NIST_LIMIT:
            raise ConfigurationError("1 <= lease <= rotate_at <= refuse_at < 2^32 must hold")
        if not 0 <= self.cache_seconds < math.inf:
            raise ConfigurationError("cache_seconds must be 0 or more, and finite")
        if min(self.cache_uses, self.cache_keys, self.cache_subjects) < 1:
            raise ConfigurationError("cache_uses, cache_keys and cache_subjects must be at least 1")
