"""Passwords: Argon2id, and the way there from MD5 without waiting for logins (spec password-v1).

    hasher = PasswordHasher()
    stored = hasher.hash("correct horse battery staple")
    ok, new = hasher.verify_and_update(password, stored)     # store `new` where it is not None

    legacy = Expression("md5(md5(password) + salt)")
    prove(legacy, [KnownPassword("secret", "5ebe…", salt="x7Q")]).or_raise()
    wrapped = hasher.wrap(row.password, legacy, salt=row.salt)

It needs nothing else of fieldvault: no key store and no Vault, unless a pepper is wanted (`fieldvault.peppers`).
"""

from fieldvault.passwords.hasher import PasswordHasher
from fieldvault.passwords.limits import HashingLimits
from fieldvault.passwords.pepper import HashSealer, Pepper, Peppered
from fieldvault.passwords.profiles import (
    CHEAPEST,
    DJANGO,
    OWASP_MINIMUM,
    RFC_9106_HIGH_MEMORY,
    RFC_9106_LOW_MEMORY,
    Argon2Profile,
)
from fieldvault.passwords.proof import KnownPassword, Proof, prove
from fieldvault.passwords.schemes import (
    APR1,
    DJANGO_MD5,
    LDAP_MD5,
    LDAP_SMD5,
    MARKED,
    MD5_CRYPT,
    MEDIAWIKI_A,
    MEDIAWIKI_B,
    PHPASS,
    POSTGRESQL_MD5,
    SUN_MD5,
    DigestForm,
    Expression,
    LegacyHash,
    SaltAfter,
    SaltBefore,
    SaltColumn,
    Scheme,
    scheme_named,
)
from fieldvault.passwords.shapes import Shape, ShapeKind, identify
from fieldvault.passwords.text import AsGiven, Nfc

__all__ = [
    "APR1",
    "CHEAPEST",
    "DJANGO",
    "DJANGO_MD5",
    "LDAP_MD5",
    "LDAP_SMD5",
    "MARKED",
    "MD5_CRYPT",
    "MEDIAWIKI_A",
    "MEDIAWIKI_B",
    "OWASP_MINIMUM",
    "PHPASS",
    "POSTGRESQL_MD5",
    "RFC_9106_HIGH_MEMORY",
    "RFC_9106_LOW_MEMORY",
    "SUN_MD5",
    "Argon2Profile",
    "AsGiven",
    "DigestForm",
    "Expression",
    "HashSealer",
    "HashingLimits",
    "KnownPassword",
    "LegacyHash",
    "Nfc",
    "PasswordHasher",
    "Pepper",
    "Peppered",
    "Proof",
    "SaltAfter",
    "SaltBefore",
    "SaltColumn",
    "Scheme",
    "Shape",
    "ShapeKind",
    "identify",
    "prove",
    "scheme_named",
]
