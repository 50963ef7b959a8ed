"""The base64 of Unix crypt: 16 bytes as 22 characters, low bits first, the last one of 2 bits only."""

from __future__ import annotations

ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECKSUM = "[./0-9A-Za-z]{21}[./01]"
"""A regular expression for the one spelling of 16 bytes."""

MD5_CRYPT_ORDER = (12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11)
"""Which byte of the digest comes where, in md5-crypt and in Sun's."""


def encode(digest: bytes) -> str:
    """The characters of 16 bytes."""
    number, text = int.from_bytes(digest, "little"), ""
    for _ in range(22):
        text += ALPHABET[number & 63]
        number >>= 6
    return text
