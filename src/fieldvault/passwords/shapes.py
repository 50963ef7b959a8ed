"""What a stored string looks like, for counting: a shape is evidence, not proof.

Rules of this file:

1. A marker decides. 32 hexadecimal digits are `hex-32` whatever made them: which scheme it is, the operator says.
2. What is suspicious (truncated, of mixed case, empty, unknown) is named and never taken for what it resembles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from fieldvault.errors import PasswordError
from fieldvault.passwords import phc, wrapped
from fieldvault.passwords.limits import HashingLimits
from fieldvault.passwords.schemes import MARKED


class ShapeKind(StrEnum):
    """What to do about a row."""

    CURRENT = "current"
    """Argon2id of the password, perhaps peppered."""

    WRAPPED = "wrapped"
    """Argon2id over a legacy digest; the next login replaces it."""

    LEGACY = "legacy"
    """To be wrapped, once its scheme is known and proved."""

    SEALED = "sealed"
    """An envelope: what is inside, only the sealer knows."""

    FOREIGN = "foreign"
    """Another slow hash (bcrypt, scrypt, PBKDF2, another Argon2): not ours to touch."""

    UNUSABLE = "unusable"
    """No password can match, by intention: Django's `!…`, `*` and `!` of shadow files."""

    SUSPICIOUS = "suspicious"
    """Truncated, of mixed case, with white space, empty, or of no shape that is known. Left as it is."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`name` counts rows of one kind together: `argon2id`, `wrapped:SCHEME`, `django-md5`, `hex-32`, …

    Names of legacy shapes without a marker: `hex-32`, `hex-32-upper`, `hex-40`, `hex-40-upper` (also with
    `+separator+salt` for `digest:salt`), `base64-16`, `base64-20`, `raw-16`, `raw-20`.
    """

    kind: ShapeKind
    name: str


_ANY = HashingLimits(memory_kib=2**32, passes=2**32, lanes=2**24)
_FOREIGN = (
    ("argon2-other", re.compile(r"(?:argon2)?\$argon2")),
    ("bcrypt", re.compile(r"\$2[abxy]\$|bcrypt(?:_sha256)?\$")),
    ("sha-crypt", re.compile(r"\$[56]\$")),
    ("yescrypt", re.compile(r"\$y\$")),
    ("scrypt", re.compile(r"\$?scrypt[$:]|\$7\$")),
    ("pbkdf2", re.compile(r"\$?pbkdf2[_:-]")),
)
_UNMARKED = (
    ("hex-32", re.compile(r"[0-9a-f]{32}\Z")),
    ("hex-32-upper", re.compile(r"[0-9A-F]{32}\Z")),
    ("hex-40", re.compile(r"[0-9a-f]{40}\Z")),
    ("hex-40-upper", re.compile(r"[0-9A-F]{40}\Z")),
    ("hex-32+separator+salt", re.compile(r"[0-9a-f]{32}[:$][^\s]+\Z")),
    ("hex-40+separator+salt", re.compile(r"[0-9a-f]{40}[:$][^\s]+\Z")),
    ("base64-16", re.compile(r"[A-Za-z0-9+/]{21}[AQgw]==\Z")),
    ("base64-20", re.compile(r"[A-Za-z0-9+/]{26}[AEIMQUYcgkosw048]=\Z")),
)
_CLAIMS = (
    ("django-md5", re.compile(r"md5\$")),
    ("md5-crypt", re.compile(r"\$1\$")),
    ("apr1", re.compile(r"\$apr1\$")),
    ("sun-md5", re.compile(r"\$md5[$,]")),
    ("phpass", re.compile(r"\$[PH]\$")),
    ("ldap-md5", re.compile(r"\{MD5\}", re.IGNORECASE)),
    ("ldap-smd5", re.compile(r"\{SMD5\}", re.IGNORECASE)),
    ("mediawiki-a", re.compile(r":A:")),
    ("mediawiki-b", re.compile(r":B:")),
)


def identify(stored: str | bytes | None) -> Shape:
    """What a stored string looks like. Raises nothing; asks nobody."""
    if stored is None:
        return Shape(ShapeKind.UNUSABLE, "null")
    if isinstance(stored, bytes):
        if len(stored) in (16, 20) and not re.fullmatch(rb"[\t-\r -~]*", stored):
            return Shape(ShapeKind.LEGACY, f"raw-{len(stored)}")
        stored = stored.decode("latin-1")
    if not stored:
        return _suspicious("empty")
    return _ours(stored) or _marked(stored) or _unmarked(stored)


def _ours(stored: str) -> Shape | None:
    try:
        if stored.startswith(phc.PREFIX):
            phc.parse(stored, _ANY)
            return Shape(ShapeKind.CURRENT, "argon2id")
        if wrapped.is_wrapped(stored):
            scheme = wrapped.parse(stored, _ANY).scheme
            if scheme == wrapped.PASSWORD_SCHEME:
                return Shape(ShapeKind.CURRENT, "argon2id-peppered")
            return Shape(ShapeKind.WRAPPED, f"wrapped:{scheme}")
    except PasswordError:
        return _suspicious("argon2id-malformed" if stored.startswith(phc.PREFIX) else "wrapped-malformed")
    return Shape(ShapeKind.SEALED, "sealed") if re.match(r"fv1\.[A-Za-z0-9_-]{62,}\Z", stored) else None


def _marked(stored: str) -> Shape | None:
    for scheme in MARKED:
        try:
            scheme.read(stored, "" if scheme.salt_is_apart else None)
        except PasswordError:
            continue
        return Shape(ShapeKind.LEGACY, scheme.name)
    for name, claim in _CLAIMS:
        if claim.match(stored):
            return _suspicious(f"{name}-malformed")
    for name, pattern in _FOREIGN:
        if pattern.match(stored):
            return Shape(ShapeKind.FOREIGN, name)
    return None


def _unmarked(stored: str) -> Shape:
    for name, pattern in _UNMARKED:
        if pattern.match(stored):
            return Shape(ShapeKind.LEGACY, name)
    if stored[0] in "!*":
        return Shape(ShapeKind.UNUSABLE, "unusable")
    if stored != stored.strip():
        return _suspicious("white-space-around")
    if re.fullmatch(r"[0-9A-Fa-f]+", stored):
        return _suspicious(f"hex-{len(stored)}-mixed-case" if len(stored) in (32, 40) else "hex-wrong-length")
    return _suspicious("unknown")


def _suspicious(name: str) -> Shape:
    return Shape(ShapeKind.SUSPICIOUS, name)
