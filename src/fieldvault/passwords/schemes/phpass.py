"""phpass's portable hash: `$P$` (WordPress, Drupal 6 modules) and `$H$` (phpBB 3). 2^7 to 2^30 rounds of MD5."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import md5

from fieldvault.errors import StoredHashMalformed
from fieldvault.passwords.schemes import hash64
from fieldvault.passwords.schemes.base import LegacyHash

_SETTING = "[5-9A-S][./0-9A-Za-z]{8}"
_PHPASS = re.compile(rf"\$[PH]\$({_SETTING})({hash64.CHECKSUM})\Z")
_SETTING_BYTES = re.compile(_SETTING.encode() + rb"\Z")


@dataclass(frozen=True, slots=True)
class Phpass:
    """The password is UTF-8. The setting is the character for the rounds and the 8 characters of the salt."""

    name: str = "phpass"

    @property
    def salt_is_apart(self) -> bool:
        return False

    def read(self, stored: str | bytes, salt: str | bytes | None = None) -> LegacyHash:
        """See `Scheme.read`."""
        match = _PHPASS.match(stored.decode("latin-1") if isinstance(stored, bytes) else stored)
        surplus = salt is not None
        del stored, salt
        if match is None or surplus:
            raise StoredHashMalformed("not exactly a phpass string, or a salt column was given beside it")
        return LegacyHash(match[1].encode("ascii"), match[2])

    def rounds(self, setting: bytes) -> int:
        """See `Scheme.rounds`."""
        if not _SETTING_BYTES.match(setting):
            del setting
            raise StoredHashMalformed("not a setting of phpass")
        return 1 << hash64.ALPHABET.index(chr(setting[0]))

    def digest(self, password: str, setting: bytes) -> str | None:
        """See `Scheme.digest`."""
        given = password.encode()
        result = md5(setting[1:] + given, usedforsecurity=False).digest()
        for _ in range(self.rounds(setting)):
            result = md5(result + given, usedforsecurity=False).digest()
        return hash64.encode(result)


PHPASS = Phpass()
