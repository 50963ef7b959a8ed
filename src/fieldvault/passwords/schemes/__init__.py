"""Legacy password schemes: those that a marker tells, and `Expression` for those that must be declared."""

from fieldvault.passwords.schemes.base import LegacyHash, Scheme
from fieldvault.passwords.schemes.expression import (
    DigestForm,
    Encoding,
    Expression,
    SaltAfter,
    SaltBefore,
    SaltColumn,
)
from fieldvault.passwords.schemes.marked import (
    DJANGO_MD5,
    LDAP_MD5,
    LDAP_SMD5,
    MEDIAWIKI_A,
    MEDIAWIKI_B,
    POSTGRESQL_MD5,
)
from fieldvault.passwords.schemes.md5_crypt import APR1, MD5_CRYPT
from fieldvault.passwords.schemes.names import MARKED, scheme_named
from fieldvault.passwords.schemes.phpass import PHPASS
from fieldvault.passwords.schemes.sun_md5 import SUN_MD5

__all__ = [
    "APR1",
    "DJANGO_MD5",
    "LDAP_MD5",
    "LDAP_SMD5",
    "MARKED",
    "MD5_CRYPT",
    "MEDIAWIKI_A",
    "MEDIAWIKI_B",
    "PHPASS",
    "POSTGRESQL_MD5",
    "SUN_MD5",
    "DigestForm",
    "Encoding",
    "Expression",
    "LegacyHash",
    "SaltAfter",
    "SaltBefore",
    "SaltColumn",
    "Scheme",
    "scheme_named",
]
