"""md5-crypt: `$1$salt$checksum` of FreeBSD and Linux, and Apache's `$apr1$`. 1000 rounds of MD5."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import md5

from fieldvault.errors import StoredHashMalformed
from fieldvault.passwords.schemes import hash64
from fieldvault.passwords.schemes.base import LegacyHash

_SALT = "[!-#%-~]{0,8}"
_ROUNDS = 1000


@dataclass(frozen=True, slots=True)
class Md5Crypt:
    """`marker` is `$1$` or `$apr1$`. The password is UTF-8; the setting is the salt."""

    name: str
    marker: str

    @property
    def salt_is_apart(self) -> bool:
        return False

    def read(self, stored: str | bytes, salt: str | bytes | None = None) -> LegacyHash:
        """See `Scheme.read`."""
        text = stored.decode("latin-1") if isinstance(stored, bytes) else stored
        match = re.match(rf"{re.escape(self.marker)}({_SALT})\$({hash64.CHECKSUM})\Z", text)
        surplus = salt is not None
        del stored, salt, text
        if match is None or surplus:
            raise StoredHashMalformed(
                f"not exactly {self.marker}salt$checksum, or a salt column was given beside it"
            )
        return LegacyHash(match[1].encode("ascii"), match[2])

    def rounds(self, setting: bytes) -> int:
        """See `Scheme.rounds`."""
        if not re.match(_SALT.encode() + rb"\Z", setting):
            del setting
            raise StoredHashMalformed(f"not a salt of {self.name}")
        return _ROUNDS

    def digest(self, password: str, setting: bytes) -> str | None:
        """See `Scheme.digest`."""
        given = password.encode()
        alternate = md5(given + setting + given, usedforsecurity=False).digest()
        start = given + self.marker.encode() + setting
        start += alternate * (len(given) // 16) + alternate[: len(given) % 16]
        bits = len(given)
        while bits:  # historical: a zero byte for a 1 bit, the password's first byte for a 0 bit
            start += b"\0" if bits & 1 else given[:1]
            bits >>= 1
        result = md5(start, usedforsecurity=False).digest()
        for turn in range(_ROUNDS):
            joined = given if turn & 1 else result
            joined += setting if turn % 3 else b""
            joined += given if turn % 7 else b""
            result = md5(joined + (result if turn & 1 else given), usedforsecurity=False).digest()
        return hash64.encode(bytes(result[at] for at in hash64.MD5_CRYPT_ORDER))


MD5_CRYPT = Md5Crypt("md5-crypt", "$1$")
APR1 = Md5Crypt("apr1", "$apr1$")
