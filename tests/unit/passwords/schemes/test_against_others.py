"""Every legacy shape against somebody else's implementation: passlib, Django, or a line of hashlib."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest
from passlib.hash import (
    apr_md5_crypt,
    ldap_md5,
    ldap_salted_md5,
    md5_crypt,
    phpass,
    postgres_md5,
    sun_md5_crypt,
)

from fieldvault.passwords import (
    APR1,
    CHEAPEST,
    DJANGO_MD5,
    LDAP_MD5,
    LDAP_SMD5,
    MD5_CRYPT,
    PHPASS,
    POSTGRESQL_MD5,
    SUN_MD5,
    Expression,
    PasswordHasher,
    SaltAfter,
    SaltBefore,
    Scheme,
)

PASSWORDS = ["", "a", "secret", "pässwörd", "пароль", "x" * 15, "x" * 16, "x" * 17, "y" * 200, "with space ", "$1$"]
HASHER = PasswordHasher(CHEAPEST)


def opens(stored: str | bytes, scheme: Scheme, password: str, salt: str | bytes | None = None) -> None:
    """Wrapped, the row verifies with this password and no other, and without the scheme being declared."""
    wrapped = HASHER.wrap(stored, scheme, salt=salt)
    assert HASHER.verify(password, wrapped)
    assert not HASHER.verify(password + "!", wrapped)
    assert not HASHER.verify("x" + password, wrapped)


CRYPT: dict[str, tuple[Scheme, Any]] = {
    "md5-crypt": (MD5_CRYPT, md5_crypt),
    "md5-crypt, no salt": (MD5_CRYPT, md5_crypt.using(salt="")),
    "md5-crypt, salt of 3": (MD5_CRYPT, md5_crypt.using(salt_size=3)),
    "apr1": (APR1, apr_md5_crypt),
    "sun-md5": (SUN_MD5, sun_md5_crypt.using(rounds=100)),
    "sun-md5, no rounds": (SUN_MD5, sun_md5_crypt.using(rounds=0)),
    "phpass": (PHPASS, phpass.using(rounds=8)),
    "phpass of phpBB": (PHPASS, phpass.using(rounds=7, ident="H")),
    "ldap-md5": (LDAP_MD5, ldap_md5),
    "ldap-smd5": (LDAP_SMD5, ldap_salted_md5.using(salt_size=8)),
}


@pytest.mark.parametrize("shape", CRYPT)
@pytest.mark.parametrize("password", PASSWORDS)
def test_what_passlib_hashed(shape: str, password: str) -> None:
    scheme, theirs = CRYPT[shape]
    opens(theirs.hash(password), scheme, password)


@pytest.mark.parametrize("password", PASSWORDS)
def test_postgresql_as_passlib_does_it(password: str) -> None:
    opens(postgres_md5.hash(password, user="jöe"), POSTGRESQL_MD5, password, salt="jöe")


@pytest.mark.parametrize("password", PASSWORDS)
def test_django_as_django_does_it(password: str) -> None:
    from django.contrib.auth.hashers import MD5PasswordHasher

    opens(MD5PasswordHasher().encode(password, "sälz"), DJANGO_MD5, password)


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def sha1(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


Made = Callable[[bytes, bytes], str]
NAMED: dict[str, Made] = {
    "md5(password)": lambda p, s: md5(p),
    "md5(password + salt)": lambda p, s: md5(p + s),
    "md5(salt + password)": lambda p, s: md5(s + p),
    "md5(salt + password + salt)": lambda p, s: md5(s + p + s),
    "md5(md5(password))": lambda p, s: md5(md5(p).encode()),
    "md5(md5(md5(password)))": lambda p, s: md5(md5(md5(p).encode()).encode()),
    "md5(md5(password) + salt)": lambda p, s: md5(md5(p).encode() + s),  # vBulletin
    "md5(md5(salt) + md5(password))": lambda p, s: md5((md5(s) + md5(p)).encode()),  # MyBB, IPB
    "md5('cookie key' + password)": lambda p, s: md5(b"cookie key" + p),  # PrestaShop
    'md5(salt + "-" + md5(password))': lambda p, s: md5(s + b"-" + md5(p).encode()),  # MediaWiki
    "hmac_md5(salt, password)": lambda p, s: hmac.new(s, p, "md5").hexdigest(),
    "hmac_md5(password, salt)": lambda p, s: hmac.new(p, s, "md5").hexdigest(),
    "md5(upper(md5(password)))": lambda p, s: md5(md5(p).upper().encode()),
    "md5(sha1(password))": lambda p, s: md5(sha1(p).encode()),
    "sha1(md5(password))": lambda p, s: sha1(md5(p).encode()),
    "sha1(salt + md5(password) + sha1(password))": lambda p, s: sha1(s + md5(p).encode() + sha1(p).encode()),
    "md5(raw(md5(password)))": lambda p, s: md5(hashlib.md5(p).digest()),
    "md5(raw(sha1(salt + password)) + salt)": lambda p, s: md5(hashlib.sha1(s + p).digest() + s),
    "md5(left(password, 8))": lambda p, s: md5(p.decode()[:8].encode()),
    "md5(trim(password))": lambda p, s: md5(p.strip(b" \t\n\r\0\x0b")),
    "md5(left(md5(password), 8) + salt)": lambda p, s: md5(md5(p)[:8].encode() + s),
}


@pytest.mark.parametrize("text", NAMED)
@pytest.mark.parametrize("password", ["secret", "pässwörd", "", "a much longer password than eight", " white "])
@pytest.mark.parametrize("salt", ["", "x7Q", "'$%\" ü"])
def test_expressions_as_hashlib_does_it(text: str, password: str, salt: str) -> None:
    scheme = Expression(text)
    made = NAMED[text](password.encode(), salt.encode())
    wrapped = HASHER.wrap(made, scheme, salt=salt if scheme.salted else None)
    assert HASHER.verify(password, wrapped)
    assert not HASHER.verify("x" + password, wrapped)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-le"])
def test_encodings(encoding: Any) -> None:
    scheme = Expression("md5(md5(password) + salt)", encoding=encoding)
    inner = md5("pässwörd".encode(encoding)).encode() if encoding != "utf-16-le" else b""
    inner = inner or md5("pässwörd".encode("utf-16-le")).encode("utf-16-le")
    opens(md5(inner + "sälz".encode(encoding)), scheme, "pässwörd", salt="sälz")


def test_a_password_that_the_encoding_lacks_matches_nothing() -> None:
    wrapped = HASHER.wrap(md5(b"?"), Expression("md5(password)", encoding="latin-1"))
    assert HASHER.verify("?", wrapped)
    assert not HASHER.verify("€", wrapped)


def test_where_the_digest_and_the_salt_stand() -> None:
    text, digest = "md5(password + salt)", hashlib.md5(b"secretab:c")
    opens(digest.hexdigest().upper(), Expression(text, form="upper-hex"), "secret", salt="ab:c")
    opens(digest.digest(), Expression(text, form="raw"), "secret", salt=b"ab:c")
    opens(f"{digest.hexdigest()}:ab:c", Expression(text, salt_from=SaltAfter(":")), "secret")
    opens(f"ab:c${digest.hexdigest()}", Expression(text, salt_from=SaltBefore("$")), "secret")
    opens(f"ab:c{digest.hexdigest()}", Expression(text, salt_from=SaltBefore("")), "secret")
    encoded = base64.b64encode(digest.digest()).decode()
    opens(encoded, Expression(text, form="base64"), "secret", salt="ab:c")
    opens(f"{encoded}:ab:c", Expression(text, form="base64", salt_from=SaltAfter(":")), "secret")


def test_a_site_key_is_not_in_the_row_and_is_needed_to_verify() -> None:
    from fieldvault.errors import SchemeUnknown

    scheme = Expression("hmac_md5(site_key, password)", site_key="the site's key")
    wrapped = HASHER.wrap(hmac.new(b"the site's key", b"secret", "md5").hexdigest(), scheme)
    assert "site's" not in wrapped + repr(scheme) + scheme.name
    assert PasswordHasher(CHEAPEST, schemes=[scheme]).verify("secret", wrapped)
    with pytest.raises(SchemeUnknown, match="site key"):
        HASHER.verify("secret", wrapped)
