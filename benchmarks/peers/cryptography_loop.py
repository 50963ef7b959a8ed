"""The loop that a careful team writes by hand: a nonce each, nonce and ciphertext joined. No key ids, no types."""

from __future__ import annotations

import os
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from peers.base import Peer


class CryptographyLoop(Peer):
    name = "cryptography, bare loop"
    distribution = "cryptography"
    note = "no key id"

    def __init__(self) -> None:
        self._cipher = AESGCM(AESGCM.generate_key(bit_length=256))

    def seal(self, plaintexts: Sequence[bytes], aad: bytes) -> list[bytes]:
        encrypt, sealed = self._cipher.encrypt, []
        for plaintext in plaintexts:
            nonce = os.urandom(12)
            sealed.append(nonce + encrypt(nonce, plaintext, aad))
        return sealed

    def open(self, sealed: Sequence[bytes], aad: bytes) -> list[bytes]:
        decrypt = self._cipher.decrypt
        return [decrypt(one[:12], one[12:], aad) for one in sealed]
