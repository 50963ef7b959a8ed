"""The PHC string of an Argon2id hash, parsed strictly (spec password-v1 §3).

Rules of this file:

1. One hash has one spelling: parameters in the order m, t, p, without leading zeros, base64 canonical and unpadded.
2. Parameters are compared with the limits here, before libargon2 sees the string and allocates what it asks for.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field

from fieldvault.errors import HashParametersRefused, StoredHashMalformed
from fieldvault.passwords.limits import HashingLimits
from fieldvault.passwords.profiles import Argon2Profile

PREFIX = "$argon2id$"
MAX_LENGTH = 256
_NUMBER = "([1-9][0-9]{0,9})"
_BASE64 = "([A-Za-z0-9+/]{1,88})"
_PHC = re.compile(rf"\$argon2id\$v=19\$m={_NUMBER},t={_NUMBER},p={_NUMBER}\${_BASE64}\${_BASE64}\Z")


@dataclass(frozen=True, slots=True)
class PhcHash:
    """A parsed PHC string; `text` is all of it."""

    profile: Argon2Profile
    text: str = field(repr=False)


def parse(text: str, limits: HashingLimits) -> PhcHash:
    """Raises `StoredHashMalformed`, and `HashParametersRefused` for parameters outside of `limits`."""
    match = _PHC.match(text) if len(text) <= MAX_LENGTH else None
    del text
    if match is None:
        raise StoredHashMalformed("not a PHC string of Argon2id, version 19, with m, t, p, a salt and a hash")
    memory_kib, passes, lanes = int(match[1]), int(match[2]), int(match[3])
    if memory_kib > limits.memory_kib or passes > limits.passes or lanes > limits.lanes:
        raise HashParametersRefused(
            f"a stored hash asks for m={memory_kib},t={passes},p={lanes}, more than the limits allow",
            hint="HashingLimits(memory_kib=…, passes=…, lanes=…); nothing was allocated",
        )
    salt_bytes, hash_bytes = _length(match[4]), _length(match[5])
    if memory_kib < 8 * lanes or not 8 <= salt_bytes <= 48 or not 12 <= hash_bytes <= 64:
        raise StoredHashMalformed(
            "a PHC string with less memory than RFC 9106 asks for, or a salt or hash too short"
        )
    return PhcHash(Argon2Profile(memory_kib, passes, lanes, salt_bytes, hash_bytes), match[0])


def _length(text: str) -> int:
    """Of what unpadded base64 spells, in bytes; -1 where that is not its canonical spelling."""
    try:
        data = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return -1
    return len(data) if b64encode(data).rstrip(b"=").decode() == text else -1
