"""Tink's AES256_GCM under one keyset."""

from __future__ import annotations

from collections.abc import Sequence

from peers.base import Peer, library


class TinkAead(Peer):
    name = "Tink"
    distribution = "tink"

    def __init__(self) -> None:
        tink, aead = library("tink"), library("tink.aead")
        aead.register()
        self._aead = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM).primitive(aead.Aead)

    def seal(self, plaintexts: Sequence[bytes], aad: bytes) -> list[bytes]:
        encrypt = self._aead.encrypt
        return [encrypt(plaintext, aad) for plaintext in plaintexts]

    def open(self, sealed: Sequence[bytes], aad: bytes) -> list[bytes]:
        decrypt = self._aead.decrypt
        return [decrypt(one, aad) for one in sealed]
