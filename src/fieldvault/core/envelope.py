"""Envelope v1: where the bytes are (spec envelope-v1 §2) and its text form (§3).

0       version/suite   0x01 = AES-256-GCM, 96-bit random nonce, 128-bit tag, committing key id
1..16   key id          which key sealed it
17..28  nonce           OS CSPRNG
29..    ciphertext      of the typed plaintext
-16..   tag
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass

from fieldvault.errors import EnvelopeMalformed, EnvelopeVersionRefused

VERSION_1 = b"\x01"
HEADER_BYTES = 17
NONCE_BYTES = 12
NONCE_END = HEADER_BYTES + NONCE_BYTES
TAG_BYTES = 16
OVERHEAD_BYTES = NONCE_END + TAG_BYTES
MIN_SEALED_BYTES = OVERHEAD_BYTES + 1
"""A typed plaintext has at least its type byte."""

MAX_PLAINTEXT_BYTES = 2**31 - 64
MAX_SEALED_BYTES = MAX_PLAINTEXT_BYTES + OVERHEAD_BYTES

ENVELOPE_PREFIX = "fv1."
INDEX_PREFIX = "fx1."


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an envelope says to anybody, without a key."""

    version: int
    key_id: bytes
    plaintext_length: int
    """Of the typed plaintext, in bytes: the value, its type byte and its padding."""


def parse(sealed: bytes) -> Envelope:
    """Stage `parse` (spec envelope-v1 §6). Raises `EnvelopeMalformed` or `EnvelopeVersionRefused`."""
    if len(sealed) < MIN_SEALED_BYTES:
        raise EnvelopeMalformed(f"{len(sealed)} bytes cannot be an envelope: the least is {MIN_SEALED_BYTES}")
    if len(sealed) > MAX_SEALED_BYTES:
        raise EnvelopeMalformed(f"{len(sealed)} bytes cannot be an envelope: the most is {MAX_SEALED_BYTES}")
    if sealed[0] != 1:
        raise EnvelopeVersionRefused(sealed[0])
    return Envelope(1, sealed[1:HEADER_BYTES], len(sealed) - OVERHEAD_BYTES)


def key_ids_in(headers: Iterable[bytes]) -> set[bytes]:
    """The key ids that headers name; malformed ones, and those of another version, name none."""
    return {header[1:] for header in headers if len(header) == HEADER_BYTES and header[0] == 1}


def to_text(prefix: str, data: bytes) -> str:
    """`fv1.` or `fx1.` and unpadded base64url (spec envelope-v1 §3, index-v1 §3)."""
    return prefix + urlsafe_b64encode(data).rstrip(b"=").decode()


def from_text(prefix: str, text: str) -> bytes:
    """The bytes of a text form. Raises `EnvelopeMalformed` for all but the one canonical text of those bytes."""
    if not text.startswith(prefix):
        raise EnvelopeMalformed(f"text does not start with {prefix}", hint="is this column sealed?")
    body = text[len(prefix) :]
    try:
        data = urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        data = b""
    # Python's decoder skips foreign characters and ignores stray trailing bits; encoding again finds both.
    if not data or to_text(prefix, data) != text:
        raise EnvelopeMalformed("text is not canonical unpadded base64url")
    return data
