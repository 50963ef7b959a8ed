"""sqlalchemy-utils: the engine behind `StringEncryptedType(…, AesGcmEngine)`."""

from __future__ import annotations

from collections.abc import Sequence

from peers.base import Peer, library


class AesGcmEngine(Peer):
    name = "sqlalchemy-utils AesGcmEngine"
    distribution = "sqlalchemy-utils"
    note = "no associated data, no key id"
    share = 0.2

    def __init__(self) -> None:
        types = library("sqlalchemy_utils.types.encrypted.encrypted_type")
        self._engine = types.AesGcmEngine()
        self._engine._update_key("a passphrase of the application")

    def seal(self, plaintexts: Sequence[bytes], aad: bytes) -> list[str]:
        return [self._engine.encrypt(plaintext.decode()) for plaintext in plaintexts]

    def open(self, sealed: Sequence[str], aad: bytes) -> list[bytes]:
        return [self._engine.decrypt(one).encode() for one in sealed]
