"""One AES-256-GCM key and the id it goes by (spec envelope-v1 §2).

The cipher is `cryptography`'s (OpenSSL), or the native core's where that runs. This class only keeps a key where
nobody prints, compares, copies or pickles it by accident. Python cannot wipe the `bytes` it was made from;
docs/threat-model.md says what that means.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fieldvault.core import native
from fieldvault.core.envelope import HEADER_BYTES, MIN_SEALED_BYTES, NONCE_BYTES, NONCE_END, VERSION_1
from fieldvault.errors import AuthenticationFailed, EnvelopeMalformed


class Cipher(Protocol):
    """AES-256-GCM under one key. Text and tag are one, as in `cryptography`."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Ciphertext and tag."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """The plaintext. Raises `cryptography.exceptions.InvalidTag`."""


new_cipher: Callable[[bytes], Cipher] = AESGCM if native.MODULE is None else native.MODULE.AesGcmKey


class AeadKey:
    """A 32-byte AES-256-GCM key with its 16-byte id. The id is trusted: whoever builds this has checked it.

    `cipher_of` makes the cipher of the core that runs; tests give the other one.
    """

    __slots__ = ("cipher", "header")

    cipher: Any
    """A `Cipher`; which one, the batch core knows."""

    def __init__(self, key: bytes, key_id: bytes, cipher_of: Callable[[bytes], Cipher] = new_cipher) -> None:
        self.cipher = cipher_of(key)
        self.header = VERSION_1 + key_id

    @property
    def key_id(self) -> bytes:
        return self.header[1:]

    def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        """header || nonce || ciphertext || tag, with a fresh nonce from the operating system."""
        nonce = os.urandom(NONCE_BYTES)
        sealed: bytes = self.cipher.encrypt(nonce, plaintext, aad)
        return self.header + nonce + sealed

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """The plaintext. Raises `EnvelopeMalformed` if too short, `AuthenticationFailed` if the tag is wrong.

        The caller has chosen this key by the header, so the header is not looked at again; it is in `aad`.
        """
        if len(sealed) < MIN_SEALED_BYTES:
            raise EnvelopeMalformed(f"{len(sealed)} bytes cannot be an envelope")
        try:
            opened: bytes = self.cipher.decrypt(sealed[HEADER_BYTES:NONCE_END], sealed[NONCE_END:], aad)
        except InvalidTag:
            raise AuthenticationFailed(
                "the value does not authenticate where it was read",
                hint="it was altered, or belongs to another row, column, table or tenant",
            ) from None
        return opened

    def __repr__(self) -> str:
        return f"<AeadKey {self.key_id.hex()}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys cannot be pickled or copied")
