"""The wrapped string: Argon2id over a legacy digest, with all that verifying it takes (spec password-v1 §5).

    $fvw1$<scheme>$<setting>$<pepper>$argon2id$v=19$m=…,t=…,p=…$<salt>$<hash>

Rules of this file:

1. One row has one spelling: what `parse` takes, `encode` gives back.
2. Nothing else is needed: the scheme is named in full, so the row outlives the configuration that made it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fieldvault.errors import PasswordError, StoredHashMalformed
from fieldvault.passwords.limits import HashingLimits
from fieldvault.passwords.phc import PREFIX as PHC_PREFIX
from fieldvault.passwords.phc import PhcHash
from fieldvault.passwords.phc import parse as parse_phc

PREFIX = "$fvw1$"
PASSWORD_SCHEME = "password"  # noqa: S105
"""No legacy digest inside: a peppered hash of the password itself (spec password-v1 §7)."""

MAX_SCHEME_BYTES = 512
MAX_SETTING_BYTES = 512
MAX_LENGTH = 4096

_PEPPER = re.compile(r"([a-z][a-z0-9-]{0,31}):([1-9][0-9]{0,8})\Z")
_ESCAPE = re.compile(rb"[^!#&-~]")  # printable ASCII but space, ", $ and % stands for itself
_ENCODED = re.compile(r"(?:[!#&-~]|%[0-9A-F]{2})*\Z")


@dataclass(frozen=True, slots=True)
class PepperUse:
    """Which pepper, and which version of its key."""

    name: str
    version: int


@dataclass(frozen=True, slots=True)
class WrappedHash:
    """A parsed wrapped string. `scheme` is the scheme's canonical name, `setting` its salt (and rounds)."""

    scheme: str
    setting: bytes = field(repr=False)
    pepper: PepperUse | None
    phc: PhcHash


def is_wrapped(stored: str) -> bool:
    """Does it claim to be a wrapped string?"""
    return stored.startswith(PREFIX)


def encode(scheme: str, setting: bytes, pepper: PepperUse | None, phc: str) -> str:
    """Raises `PasswordError` for a scheme name or a setting of more than 512 bytes."""
    if not 1 <= len(scheme) <= MAX_SCHEME_BYTES or len(setting) > MAX_SETTING_BYTES:
        del setting, phc
        raise PasswordError("a scheme's name and a salt must not be longer than 512 bytes each")
    used = "" if pepper is None else f"{pepper.name}:{pepper.version}"
    return f"{PREFIX}{_escaped(scheme.encode())}${_escaped(setting)}${used}{phc}"


def parse(stored: str, limits: HashingLimits) -> WrappedHash:
    """Raises `StoredHashMalformed`, and `HashParametersRefused` for parameters outside of `limits`."""
    parts = stored[len(PREFIX) :].split("$", 3) if is_wrapped(stored) and len(stored) <= MAX_LENGTH else []
    del stored
    if len(parts) != 4:
        raise StoredHashMalformed("not a wrapped hash: too few parts, or too long")
    scheme, setting = _unescaped(parts[0]), _unescaped(parts[1])
    pepper = _PEPPER.match(parts[2])
    # A scheme's name is printable ASCII: what is not ASCII in an expression is escaped by the expression itself.
    if not scheme or len(scheme) > MAX_SCHEME_BYTES or not scheme.isascii():
        raise StoredHashMalformed("a wrapped hash without a scheme, or with one that is not spelt canonically")
    if setting is None or len(setting) > MAX_SETTING_BYTES:
        raise StoredHashMalformed("a wrapped hash whose setting is not spelt canonically")
    if parts[2] and pepper is None:
        raise StoredHashMalformed("a wrapped hash whose pepper is not spelt canonically")
    return WrappedHash(
        scheme.decode("ascii"),
        setting,
        None if pepper is None else PepperUse(pepper[1], int(pepper[2])),
        parse_phc(PHC_PREFIX[0] + parts[3], limits),
    )


def _escaped(data: bytes) -> str:
    return _ESCAPE.sub(lambda byte: b"%%%02X" % ord(byte[0]), data).decode("ascii")


def _unescaped(text: str) -> bytes | None:
    """The bytes, or None where `text` is not what `_escaped` writes for them."""
    if not _ENCODED.match(text):
        return None
    data = re.sub(rb"%([0-9A-F]{2})", lambda code: bytes([int(code[1], 16)]), text.encode("ascii"))
    return data if _escaped(data) == text else None
