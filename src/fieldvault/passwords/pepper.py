"""The ports of a pepper: what an attacker with the password table still lacks (spec password-v1 §7).

`fieldvault.peppers` implements them; this package knows no server. Both fail closed: when they raise, a password is
neither verified nor hashed, and no weaker way is tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Peppered:
    """The MACs of some messages, in order, all under the key version that they were made with (from 1)."""

    version: int
    macs: Sequence[bytes] = field(repr=False)


@runtime_checkable
class Pepper(Protocol):
    """A keyed MAC of the inner digest, under a key that this process does not hold."""

    @property
    def name(self) -> str:
        """Stored beside the key version in each row: `[a-z][a-z0-9-]{0,31}`."""

    def mac(self, messages: Sequence[bytes], *, version: int | None = None) -> Peppered:
        """MACs of 32 bytes, in order, under `version`, or under the newest where None.

        Raises `KekError` where the key, or this version of it, cannot be used; never returns a part.
        """

    def newest_version(self) -> int:
        """The version that `mac` uses by itself. May be some minutes old. Raises `KekError`."""


@runtime_checkable
class HashSealer(Protocol):
    """Encrypts the whole stored string under a key that can be rotated without knowing any password."""

    def seal(self, stored: str) -> str:
        """Raises `KekError`, `KeyStoreError`."""

    def is_sealed(self, stored: str) -> bool:
        """Does this look like what `seal` returns? Asks nobody."""

    def open(self, sealed: str) -> str:
        """Raises `OpenError` for what was altered, `KekError`, `KeyStoreError`."""

    def is_current(self, sealed: str) -> bool:
        """Is it sealed under the key that `seal` uses now?"""
