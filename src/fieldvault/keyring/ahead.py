"""Uses of a primary key that were taken ahead, so that a value that comes alone need not take its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fieldvault.keyring.cache import Ticket
from fieldvault.keyring.data_key import DataKey
from fieldvault.keyring.policy import KeyringPolicy

MOST_AHEAD = 64
_SHARE = 1024
"""At most so small a part of a lease, or of what a cached key may be used for, is taken ahead: it may be lost."""


@dataclass(frozen=True, slots=True)
class UsesAhead:
    """`uses` counts down by `next`, which is one step for every thread. Good `until` then (monotonic), and as long
    as neither the scope's primary key (`changes`) nor the cache (`ticket`) has changed.
    """

    key: DataKey
    uses: Iterator[int]
    changes: int
    ticket: Ticket
    until: float


def uses_ahead(policy: KeyringPolicy) -> int:
    """How many uses are taken at a time."""
    return max(1, min(MOST_AHEAD, policy.lease // _SHARE, policy.cache_uses // _SHARE))
