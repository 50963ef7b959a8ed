"""Asherah: a session of one partition, keys cached, a data key for each value."""

from __future__ import annotations

from collections.abc import Sequence
from secrets import token_hex

from peers.base import Peer, library


class AsherahSession(Peer):
    name = "Asherah"
    distribution = "asherah"
    note = "no associated data; a data key a value, in JSON"

    def __init__(self) -> None:
        asherah = library("asherah")
        self._factory = asherah.SessionFactory.from_config(
            {
                "ServiceName": "benchmark",
                "ProductID": "customers",
                "Metastore": "memory",
                "KMS": "static",
                "StaticMasterKeyHex": token_hex(32),
                "EnableSessionCaching": True,
            }
        )
        self._session = self._factory.get_session("acme")

    def seal(self, plaintexts: Sequence[bytes], aad: bytes) -> list[str]:
        encrypt = self._session.encrypt_bytes
        return [encrypt(plaintext) for plaintext in plaintexts]

    def open(self, sealed: Sequence[str], aad: bytes) -> list[bytes]:
        decrypt = self._session.decrypt_bytes
        return [decrypt(one) for one in sealed]

    def close(self) -> None:
        self._session.close()
        self._factory.close()
