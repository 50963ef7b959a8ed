"""pymongocrypt's explicit encryption with a local KEK. The key vault is a list in memory: no server is needed."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from peers.base import Peer, library

_ALGORITHM = "AEAD_AES_256_CBC_HMAC_SHA_512-Random"


class MongoCrypt(Peer):
    name = "pymongocrypt"
    distribution = "pymongocrypt"
    note = "AES-CBC with HMAC-SHA-512; no associated data of the caller's"
    share = 0.2

    def __init__(self) -> None:
        explicit = library("pymongocrypt.synchronous.explicit_encrypter")
        options = library("pymongocrypt.options")
        self._vault: list[bytes] = []
        callback = _callback(library("pymongocrypt.synchronous.state_machine"), self._vault)
        self._encrypter = explicit.ExplicitEncrypter(
            callback, options.MongoCryptOptions({"local": {"key": os.urandom(96)}})
        )
        self._key_id = self._encrypter.create_data_key("local")

    def seal(self, plaintexts: Sequence[bytes], aad: bytes) -> list[bytes]:
        encrypt, key_id = self._encrypter.encrypt, self._key_id
        return [encrypt(_document(plaintext), _ALGORITHM, key_id) for plaintext in plaintexts]

    def open(self, sealed: Sequence[bytes], aad: bytes) -> list[bytes]:
        return [_value(self._encrypter.decrypt(one)) for one in sealed]

    def stored_bytes(self, sealed: bytes) -> int:
        return len(_value(sealed))

    def close(self) -> None:
        self._encrypter.close()


def _document(value: bytes) -> bytes:
    """The BSON document {"v": binary}."""
    return _bson({"v": value})


def _bson(document: dict[str, Any]) -> bytes:
    """BSON of documents, texts and binaries, which is all that is needed here."""
    parts = []
    for name, value in document.items():
        if isinstance(value, dict):
            parts.append(b"\x03" + name.encode() + b"\0" + _bson(value))
        elif isinstance(value, str):
            text = value.encode() + b"\0"
            parts.append(b"\x02" + name.encode() + b"\0" + struct.pack("<i", len(text)) + text)
        else:
            parts.append(b"\x05" + name.encode() + b"\0" + struct.pack("<ib", len(value), 0) + value)
    body = b"".join(parts)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def _value(document: bytes) -> bytes:
    return bytes(document[12:-1])


def _callback(machine: Any, vault: list[bytes]) -> Any:
    class InMemory(machine.MongoCryptCallback):  # type: ignore[misc]
        def fetch_keys(self, _filter: bytes) -> Iterator[bytes]:
            yield from vault

        def insert_data_key(self, data_key: bytes) -> bytes:
            vault.append(bytes(data_key))
            at = data_key.index(b"\x05_id\0\x10\0\0\0\x04") + 10
            return bytes(data_key[at : at + 16])

        def bson_encode(self, doc: dict[str, Any]) -> bytes:
            return _bson(doc)

        def _unused(self, *_: object) -> Any:
            raise AssertionError("explicit encryption asks for keys only")

        kms_request = collection_info = mark_command = _unused

        def close(self) -> None:
            pass

    return InMemory()
