"""From a scheme's name, as a wrapped row carries it, back to the scheme."""

from __future__ import annotations

from functools import lru_cache
from typing import get_args

from fieldvault.errors import ConfigurationError, SchemeUnknown
from fieldvault.passwords.schemes.base import Scheme
from fieldvault.passwords.schemes.expression import Encoding, Expression
from fieldvault.passwords.schemes.marked import (
    DJANGO_MD5,
    LDAP_MD5,
    LDAP_SMD5,
    MEDIAWIKI_A,
    MEDIAWIKI_B,
    POSTGRESQL_MD5,
)
from fieldvault.passwords.schemes.md5_crypt import APR1, MD5_CRYPT
from fieldvault.passwords.schemes.phpass import PHPASS
from fieldvault.passwords.schemes.sun_md5 import SUN_MD5

MARKED: tuple[Scheme, ...] = (
    DJANGO_MD5,
    LDAP_MD5,
    LDAP_SMD5,
    MD5_CRYPT,
    APR1,
    SUN_MD5,
    PHPASS,
    POSTGRESQL_MD5,
    MEDIAWIKI_A,
    MEDIAWIKI_B,
)
"""Every scheme that its marker tells."""

_BY_NAME = {scheme.name: scheme for scheme in MARKED}


def scheme_named(name: str) -> Scheme:
    """A marked scheme, or the expression that `name` spells canonically.

    Raises `SchemeUnknown`, also for an expression with a site key, which no name holds.
    """
    found = _BY_NAME.get(name) or _expression(name)
    del name  # a literal in it may be a secret
    if found is None:
        raise SchemeUnknown("a wrapped row of a scheme that this release does not know, or not in this spelling")
    if isinstance(found, Expression) and found.lacks_site_key:
        raise SchemeUnknown(
            "a wrapped row whose scheme has a site key",
            hint="give the PasswordHasher that scheme: schemes=[Expression(…, site_key=…)]",
        )
    return found


@lru_cache(maxsize=256)
def _expression(name: str) -> Expression | None:
    # The encoding comes after the last parenthesis, since a literal may hold a semicolon.
    text, _, encoding = name.rpartition(";") if ";" in name.rpartition(")")[2] else (name, "", "utf-8")
    known = next((one for one in get_args(Encoding) if one == encoding), None)
    if known is None:
        return None
    try:
        found = Expression(text, encoding=known)
    except ConfigurationError:
        return None
    return found if found.name == name else None
