"""Argon2id by argon2-cffi, behind the gate. The only file that calls it."""

from __future__ import annotations

import os

from argon2.exceptions import HashingError, InvalidHashError, VerificationError, VerifyMismatchError
from argon2.low_level import ARGON2_VERSION, Type, hash_secret, verify_secret

from fieldvault.errors import HashingFailed
from fieldvault.passwords.gate import HashingGate
from fieldvault.passwords.phc import PhcHash
from fieldvault.passwords.profiles import Argon2Profile


class Argon2id:
    """Hashes and verifies bytes. Releases the GIL meanwhile; raises `TooManyHashes` and `HashingFailed`."""

    def __init__(self, gate: HashingGate) -> None:
        self._gate = gate

    def hash(self, secret: bytes, profile: Argon2Profile) -> str:
        """A PHC string with a fresh salt from the operating system."""
        with self._gate.admit(profile.memory_kib):
            try:
                encoded: bytes | None = hash_secret(
                    secret,
                    os.urandom(profile.salt_bytes),
                    time_cost=profile.passes,
                    memory_cost=profile.memory_kib,
                    parallelism=profile.lanes,
                    hash_len=profile.hash_bytes,
                    type=Type.ID,
                    version=ARGON2_VERSION,
                )
            except HashingError:
                encoded = None
        if encoded is None:
            raise _failed(profile)
        return encoded.decode("ascii")

    def verify(self, secret: bytes, stored: PhcHash) -> bool:
        """Compares in constant time. `stored` has been parsed, so its parameters are within the limits."""
        with self._gate.admit(stored.profile.memory_kib):
            matches: bool | None = None
            try:
                matches = verify_secret(stored.text.encode("ascii"), secret, Type.ID)
            except VerifyMismatchError:
                matches = False
            except (VerificationError, InvalidHashError):
                matches = None
        if matches is None:
            raise _failed(stored.profile)
        return matches

    def burn(self, profile: Argon2Profile) -> None:
        """Spend what one hash costs."""
        self.hash(b"", profile)


def _failed(profile: Argon2Profile) -> HashingFailed:
    return HashingFailed(
        f"Argon2id with {profile.memory_kib} KiB failed",
        hint="most likely the system has not that much memory left",
    )
