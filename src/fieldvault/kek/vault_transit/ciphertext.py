"""What transit returns for a wrapped data key: `vault:v<version>:<base64>`, parsed strictly.

Rules of this file:

1. One wrapped key has one spelling. The servers are more lenient (OpenBao takes `v0` for `v1`; base64 decoders skip
   line breaks), and every leniency is a way to alter a stored key without being noticed.
2. What is malformed is refused here and never sent to the server.
"""

from __future__ import annotations

import re

from fieldvault.errors import KeyWrapRefused

DATA_KEY_BYTES = 32

# nonce 12 + data key 32 + tag 16 = 60 bytes: 80 base64 characters without padding, so each of their bits counts.
_WRAPPED = re.compile(rb"vault:v([1-9][0-9]{0,8}):[A-Za-z0-9+/]{80}\Z")


def version_of(wrapped: bytes) -> int:
    """The KEK's version, from 1. Raises `KeyWrapRefused` if this is not a 32-byte key wrapped by an AEAD key."""
    version = parse(wrapped)
    del wrapped
    if version is None:
        raise malformed()
    return version


def parse(wrapped: object) -> int | None:
    """The KEK's version, or None if malformed."""
    match = _WRAPPED.match(wrapped) if isinstance(wrapped, bytes) else None
    return int(match[1]) if match else None


def malformed() -> KeyWrapRefused:
    return KeyWrapRefused(
        "not a data key wrapped by Vault transit: wrong prefix, version or length, or not canonical base64",
        hint="the key store was altered or truncated, or the key was wrapped by another kind of KEK",
    )
