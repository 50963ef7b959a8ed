"""Fernet, as in django-fernet-fields and much hand-written code."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import fernet

from peers.base import Peer


class Fernet(Peer):
    name = "Fernet"
    distribution = "cryptography"
    note = "AES-128-CBC with HMAC; no associated data, no key id"
    share = 0.2

    def __init__(self) -> None:
        self._fernet = fernet.Fernet(fernet.Fernet.generate_key())

    def seal(self, plaintexts: Sequence[bytes], aad: bytes) -> list[bytes]:
        return [self._fernet.encrypt(plaintext) for plaintext in plaintexts]

    def open(self, sealed: Sequence[bytes], aad: bytes) -> list[bytes]:
        return [self._fernet.decrypt(one) for one in sealed]
