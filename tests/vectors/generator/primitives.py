"""What every document stands on: canonical encoding, HKDF, AES-256-GCM, base64url, repeatable "randomness"."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class Refused(Exception):
    """What a specification says MUST be refused, with the stage of envelope-v1 §6 (or `encode`, for a writer)."""

    def __init__(self, stage: str, why: str) -> None:
        super().__init__(f"{stage}: {why}")
        self.stage = stage


def derive(label: str, length: int = 32) -> bytes:
    """Stand-in for randomness that everybody can repeat: SHA-256 of a label and a counter."""
    blocks = (length + 31) // 32
    stream = b"".join(hashlib.sha256(f"fieldvault vectors v1/{label}/{n}".encode()).digest() for n in range(blocks))
    return stream[:length]


def canonical(*components: bytes) -> bytes:
    """aad-v1 §2."""
    encoded = len(components).to_bytes(4, "big")
    for component in components:
        encoded += len(component).to_bytes(4, "big") + component
    return encoded


def hkdf(key: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA256 with an empty salt (RFC 5869 §2.2 and §2.3)."""
    pseudo_random_key = hmac.digest(bytes(32), key, "sha256")
    output = block = b""
    counter = 1
    while len(output) < length:
        block = hmac.digest(pseudo_random_key, block + info + bytes([counter]), "sha256")
        output += block
        counter += 1
    return output[:length]


def gcm_seal(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """Ciphertext and tag."""
    return AESGCM(key).encrypt(nonce, plaintext, aad)


def gcm_open(key: bytes, nonce: bytes, sealed: bytes, aad: bytes, *, stage: str) -> bytes:
    try:
        return AESGCM(key).decrypt(nonce, sealed, aad)
    except InvalidTag:
        raise Refused(stage, "the tag does not verify") from None


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def b64url_strict(text: str) -> bytes:
    """envelope-v1 §3: alphabet, no padding, no white space, trailing bits zero."""
    if re.fullmatch(r"[A-Za-z0-9_-]*", text, re.ASCII) is None or len(text) % 4 == 1:
        raise Refused("parse", "not base64url without padding")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64url(data) != text:
        raise Refused("parse", "trailing bits are not zero")
    return data


def minimal_integer(value: int) -> bytes:
    """envelope-v1 §5.3: shortest two's complement of at least one byte."""
    magnitude_bits = (value if value >= 0 else ~value).bit_length()
    return value.to_bytes(magnitude_bits // 8 + 1, "big", signed=True)


def flip_bit(data: bytes, position: int, bit: int = 0) -> bytes:
    """`data` with one bit of the byte at `position` (negative counts from the end) inverted."""
    changed = bytearray(data)
    changed[position] ^= 1 << bit
    return bytes(changed)
