"""From what a person typed to the bytes that are hashed (spec password-v1 §2).

Rules of this file:

1. The length limit is checked before anything else is done with a password.
2. A password that UTF-8 cannot encode is refused by looking, not by catching: UnicodeEncodeError holds the text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from fieldvault.errors import PasswordRefused, PasswordTooLong

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class AsGiven:
    """UTF-8 of the code points as they came. Two Unicode spellings of a password are two passwords. The default."""

    def encode(self, password: str) -> bytes:
        return password.encode()


@dataclass(frozen=True, slots=True)
class Nfc:
    """UTF-8 of the NFC form, so that é typed as one code point or as two is one password (RFC 8265 OpaqueString).

    Changing from `AsGiven` to this locks out whoever's password is not NFC; it is a decision for new tables. It is
    for Argon2id of the password only: a legacy digest takes the password as given, as the old application did.
    """

    def encode(self, password: str) -> bytes:
        return unicodedata.normalize("NFC", password).encode()


TextRule = AsGiven | Nfc


def accept(password: object, limit: int) -> str:
    """The password as text. Bytes are taken as UTF-8.

    Raises `PasswordTooLong` for more than `limit` bytes of UTF-8 and `PasswordRefused` for what is not text.
    """
    outcome = _accepted(password, limit)
    del password
    if isinstance(outcome, PasswordRefused):
        raise outcome
    return outcome


def _accepted(password: object, limit: int) -> str | PasswordRefused:
    if not isinstance(password, str | bytes):
        return PasswordRefused("a password is a str, or bytes of UTF-8")
    if len(password) > limit:  # a character takes at least one byte
        return PasswordTooLong(limit)
    if isinstance(password, bytes):
        password = password.decode("utf-8", errors="surrogateescape")
    if _SURROGATE.search(password):
        return PasswordRefused("the password has a lone surrogate, or bytes that are not UTF-8")
    return PasswordTooLong(limit) if len(password.encode()) > limit else password
