"""What Argon2id hashes instead of a password: an inner digest, or its MAC under a pepper (spec password-v1 §7)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from fieldvault.errors import KekMisconfigured, SchemeUnknown
from fieldvault.passwords.pepper import Pepper, Peppered
from fieldvault.passwords.wrapped import PepperUse

MAC_BYTES = 32
MAC_LABEL = b"fieldvault/v1/password-pepper:"
"""Before each digest, so that no MAC of the same key for another purpose is one of these."""

NO_DIGEST = "-"
"""In place of a digest that cannot be computed: the same work is done, and nothing matches."""


def password_digest(password: bytes) -> str:
    """Inner digest of the scheme `password`: the pepper's server never sees a password (spec password-v1 §7)."""
    return hashlib.sha256(password).hexdigest()


class Peppering:
    """With a pepper or without one."""

    def __init__(self, pepper: Pepper | None) -> None:
        self._pepper = pepper

    @property
    def on(self) -> bool:
        return self._pepper is not None

    def secrets(self, digests: Sequence[str]) -> tuple[list[bytes], PepperUse | None]:
        """What Argon2id is to hash for each digest, under the newest version."""
        if self._pepper is None:
            return [digest.encode("ascii") for digest in digests], None
        peppered = self._pepper.mac(_messages(digests))
        return _hex(peppered, len(digests)), PepperUse(self._pepper.name, peppered.version)

    def secrets_under(self, use: PepperUse | None, digests: Sequence[str]) -> list[bytes]:
        """The same for a stored row. Raises `SchemeUnknown` for a row under another pepper than ours."""
        if use is None:
            self.spend()
            return [digest.encode("ascii") for digest in digests]
        if self._pepper is None or use.name != self._pepper.name:
            raise SchemeUnknown(f"a row under the pepper {use.name}, which this hasher does not have")
        return _hex(self._pepper.mac(_messages(digests), version=use.version), len(digests))

    def spend(self) -> None:
        """One call, so that a row without the pepper takes as long as one with it, and fails in an outage too."""
        if self._pepper is not None:
            self._pepper.mac(_messages([NO_DIGEST]))

    def is_newest(self, use: PepperUse | None) -> bool:
        """Is a row under the pepper and the version that a new one would be under?"""
        if self._pepper is None or use is None:
            return self._pepper is None and use is None
        return use.name == self._pepper.name and use.version >= self._pepper.newest_version()


def _messages(digests: Sequence[str]) -> list[bytes]:
    return [MAC_LABEL + digest.encode("ascii") for digest in digests]


def _hex(peppered: Peppered, expected: int) -> list[bytes]:
    if len(peppered.macs) != expected or any(len(mac) != MAC_BYTES for mac in peppered.macs):
        raise KekMisconfigured("the pepper did not return one MAC of 32 bytes for each digest")
    return [mac.hex().encode("ascii") for mac in peppered.macs]
