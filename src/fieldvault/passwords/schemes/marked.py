"""Legacy shapes with a marker that are one or two digests inside: recognised, so they need no declaration."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from fieldvault.errors import StoredHashMalformed
from fieldvault.passwords.schemes.base import LegacyHash
from fieldvault.passwords.schemes.expression import Expression

Split = Callable[[str, "str | bytes | None"], "LegacyHash | None"]


@dataclass(frozen=True, slots=True)
class Marked:
    """A shape with a marker over an expression. `split` gives None for what is not exactly of the shape."""

    name: str
    expression: Expression
    split: Split = field(repr=False, compare=False)
    salt_is_apart: bool = False

    def read(self, stored: str | bytes, salt: str | bytes | None = None) -> LegacyHash:
        """See `Scheme.read`."""
        try:
            text = stored.decode() if isinstance(stored, bytes) else stored
        except UnicodeDecodeError:
            text = ""
        legacy = self.split(text, salt) if self.salt_is_apart == (salt is not None) else None
        del stored, salt, text
        if legacy is None or len(legacy.setting) > 512:
            raise StoredHashMalformed(f"not exactly of the shape {self.name}, or its salt is missing or too long")
        return legacy

    def rounds(self, setting: bytes) -> int:
        """See `Scheme.rounds`."""
        return self.expression.rounds(setting)

    def digest(self, password: str, setting: bytes) -> str | None:
        """See `Scheme.digest`."""
        return self.expression.digest(password, setting)


def _by_pattern(pattern: str) -> Split:
    compiled = re.compile(pattern, re.DOTALL)

    def split(text: str, salt: str | bytes | None) -> LegacyHash | None:
        match = compiled.match(text)
        if match is None:
            return None
        found = match.groupdict().get("salt", salt) or b""
        try:
            return LegacyHash(found.encode() if isinstance(found, str) else found, match["digest"])
        except UnicodeEncodeError:
            return None

    return split


def _ldap(marker: str, *, salted: bool) -> Split:
    def split(text: str, salt: str | bytes | None) -> LegacyHash | None:  # noqa: ARG001
        # RFC 2307 makes the scheme's name case-insensitive; the base64 is the one spelling of its bytes.
        body = text[len(marker) :] if text[: len(marker)].upper() == marker else ""
        try:
            data = base64.b64decode(body, validate=True) if body.isascii() else b""
        except binascii.Error:
            return None
        if base64.b64encode(data).decode() != body or len(data) < 16 or (len(data) > 16) != salted:
            return None
        return LegacyHash(data[16:], data[:16].hex())

    return split


DJANGO_MD5 = Marked(
    "django-md5",
    Expression("md5(salt+password)"),
    _by_pattern(r"md5\$(?P<salt>[^$]*)\$(?P<digest>[0-9a-f]{32})\Z"),
)
"""`md5$salt$digest`, Django's MD5PasswordHasher; with an empty salt also `md5$$digest`, its UnsaltedMD5."""

LDAP_MD5 = Marked("ldap-md5", Expression("md5(password)"), _ldap("{MD5}", salted=False))
"""`{MD5}base64` (RFC 2307)."""

LDAP_SMD5 = Marked("ldap-smd5", Expression("md5(password+salt)"), _ldap("{SMD5}", salted=True))
"""`{SMD5}base64(digest, salt)`: the salt is bytes, at least one."""

POSTGRESQL_MD5 = Marked(
    "postgresql-md5",
    Expression("md5(password+salt)"),
    _by_pattern(r"md5(?P<digest>[0-9a-f]{32})\Z"),
    salt_is_apart=True,
)
"""`md5` and 32 digits; the salt is the role's name, from its own column."""

MEDIAWIKI_A = Marked("mediawiki-a", Expression("md5(password)"), _by_pattern(r":A:(?P<digest>[0-9a-f]{32})\Z"))
"""`:A:digest` of MediaWiki."""

MEDIAWIKI_B = Marked(
    "mediawiki-b",
    Expression("md5(salt+'-'+md5(password))"),
    _by_pattern(r":B:(?P<salt>[^:]*):(?P<digest>[0-9a-f]{32})\Z"),
)
"""`:B:salt:digest` of MediaWiki."""
