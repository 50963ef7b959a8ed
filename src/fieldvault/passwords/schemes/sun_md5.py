"""Sun's MD5 crypt of Solaris (Alec Muffett, 2005): `$md5$…` and `$md5,rounds=N$…`. At least 4096 rounds.

Each round tosses a coin, biased by nothing but the last digest, and hashes a soliloquy along on heads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import md5

from fieldvault.errors import StoredHashMalformed
from fieldvault.passwords.schemes import hash64
from fieldvault.passwords.schemes.base import LegacyHash
from fieldvault.passwords.schemes.hamlet import SOLILOQUY

_SETTING = r"\$md5(?:,rounds=([1-9][0-9]{0,9}))?\$[./0-9A-Za-z]{1,64}\$?"
_SUN = re.compile(rf"({_SETTING})\$({hash64.CHECKSUM})\Z")
_SETTING_BYTES = re.compile(_SETTING.encode() + rb"\Z")
_BASIC_ROUNDS = 4096


@dataclass(frozen=True, slots=True)
class SunMd5:
    """The password is UTF-8. The setting is all before the `$` in front of the checksum: it is hashed as it is."""

    name: str = "sun-md5"

    @property
    def salt_is_apart(self) -> bool:
        return False

    def read(self, stored: str | bytes, salt: str | bytes | None = None) -> LegacyHash:
        """See `Scheme.read`."""
        match = _SUN.match(stored.decode("latin-1") if isinstance(stored, bytes) else stored)
        surplus = salt is not None
        del stored, salt
        if match is None or surplus:
            raise StoredHashMalformed("not exactly a string of Sun MD5, or a salt column was given beside it")
        return LegacyHash(match[1].encode("ascii"), match[3])

    def rounds(self, setting: bytes) -> int:
        """See `Scheme.rounds`."""
        match = _SETTING_BYTES.match(setting)
        del setting
        if match is None:
            raise StoredHashMalformed("not a setting of Sun MD5")
        return _BASIC_ROUNDS + int(match[1] or 0)

    def digest(self, password: str, setting: bytes) -> str | None:
        """See `Scheme.digest`."""
        result = md5(password.encode() + setting, usedforsecurity=False).digest()
        for turn in range(self.rounds(setting)):
            heads = _coin(result, turn)
            result = md5(result + (SOLILOQUY if heads else b"") + b"%d" % turn, usedforsecurity=False).digest()
        return hash64.encode(bytes(result[at] for at in hash64.MD5_CRYPT_ORDER))


def _coin(digest: bytes, turn: int) -> int:
    bits = int.from_bytes(digest, "little")
    one = _pointer(digest, bits, 0) >> (bits >> (turn & 127) & 1) & 127
    other = _pointer(digest, bits, 8) >> (bits >> (turn + 64 & 127) & 1) & 127
    return (bits >> one ^ bits >> other) & 1


def _pointer(digest: bytes, bits: int, start: int) -> int:
    """Eight bits of the digest, each chosen by two of its bytes."""
    pointer = 0
    for place in range(8):
        first, second = digest[(start + place) & 15], digest[(start + place + 3) & 15]
        chosen = digest[first >> second % 5 & 15] >> (second >> (first & 7) & 1)
        pointer |= (bits >> (chosen & 127) & 1) << place
    return pointer


SUN_MD5 = SunMd5()
