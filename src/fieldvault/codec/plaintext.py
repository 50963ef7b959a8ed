"""The typed plaintext: one type byte, then the value's bytes (spec envelope-v1 §5).

Rules of this file:

1. The low seven bits of the type byte say the type. Bit 7 says that padding follows the value.
2. Padding is 0x80 and then any number of 0x00 (ISO/IEC 7816-4), so it can be taken off without knowing how
   much was put on, whatever bytes the value ends with.
3. Nothing here says how long a value was: an error may be logged, and the length of a padded value is a secret.
"""

from __future__ import annotations

from fieldvault.errors import DecodeError

NULL = 0x00
BYTES = 0x01
STR = 0x02
INT = 0x03
BOOL = 0x04
FLOAT = 0x05
DECIMAL = 0x06
DATE = 0x07
NAIVE_DATETIME = 0x08
AWARE_DATETIME = 0x09
TIME = 0x0A
UUID = 0x0B
JSON = 0x0C
ENUM = 0x0D

PADDED = 0x80
NULL_PLAINTEXT = b"\x00"
"""What a field that seals its nulls seals for None."""

_MARKER = b"\x80"


def pad(typed: bytes, length: int) -> bytes:
    """`typed`, not padded yet, padded to `length` bytes in all; `length` must exceed `len(typed)`."""
    return bytes((typed[0] | PADDED,)) + (typed[1:] + _MARKER).ljust(length - 1, b"\x00")


def unpad(typed: bytes) -> bytes:
    """`typed` without its padding; as it is when it has none.

    Raises `DecodeError` for an empty plaintext, and where bit 7 announces a padding that is not there.
    """
    if not typed:
        raise DecodeError("the plaintext is empty: it lacks even its type byte")
    if not typed[0] & PADDED:
        return typed
    body = typed[1:].rstrip(b"\x00")
    if not body.endswith(_MARKER):
        raise DecodeError("the type byte announces padding, but the padding's marker is missing")
    return bytes((typed[0] ^ PADDED,)) + body[:-1]


def is_null(typed: bytes) -> bool:
    """Whether this is a sealed null, padded or not. Raises `DecodeError` for a malformed padding."""
    return typed == NULL_PLAINTEXT or (typed[:1] == _MARKER and unpad(typed) == NULL_PLAINTEXT)
