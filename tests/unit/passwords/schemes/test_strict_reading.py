"""Truncated, mixed-case, padded and garbage digests are refused: hashing one would bury it."""

from __future__ import annotations

import hashlib

import pytest

from fieldvault.errors import ConfigurationError, SchemeUnknown, StoredHashMalformed
from fieldvault.passwords import MARKED, DigestForm, Expression, SaltAfter, scheme_named

HEX = "5ebe2294ecd0e0f08eab7690d2a6ee69"
GOOD = {
    "django-md5": f"md5$x${HEX}",
    "ldap-md5": "{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==",
    "ldap-smd5": "{SMD5}Xr4ilOzQ4PCOq3aQ0qbuaXh5",
    "md5-crypt": "$1$3azHgidD$SrJPt7B.9rekpmwJwtON31",
    "apr1": "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/",
    "sun-md5": "$md5$zrdhpMlZ$$wBvMOEqbSjU.hu5T2VEP01",
    "phpass": "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0",
    "postgresql-md5": f"md5{HEX}",
    "mediawiki-a": f":A:{HEX}",
    "mediawiki-b": f":B:1f:{HEX}",
}
SALT = {"postgresql-md5": "joe"}
SPOILT = {
    "truncated": lambda good: good[:-1],
    "one longer": lambda good: good + good[-1],
    "newline after": lambda good: good + "\n",
    "space before": lambda good: " " + good,
    "space after": lambda good: good + " ",
    "NUL after": lambda good: good + "\0",
    "not ASCII": lambda good: good[:-1] + "é",
    "lone surrogate": lambda good: good[:-1] + "\ud800",
    "full width digit": lambda good: good[:-1] + "\uff11",
    "empty": lambda good: "",
    "digest missing": lambda good: good[:5],
    "as bytes, not UTF-8": lambda good: good.encode() + b"\xff",
}


def test_every_marked_scheme_is_here() -> None:
    assert {scheme.name for scheme in MARKED} == set(GOOD)


@pytest.mark.parametrize("name", GOOD)
def test_the_good_ones_are_read(name: str) -> None:
    scheme_named(name).read(GOOD[name], SALT.get(name))
    scheme_named(name).read(GOOD[name].encode(), SALT.get(name))


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("how", SPOILT)
def test_spoilt_ones_are_refused(name: str, how: str) -> None:
    spoilt = SPOILT[how](GOOD[name])
    if name == "ldap-smd5" and how == "truncated":
        spoilt = "{SMD5}Xr4ilOzQ4PCOq3aQ0qbuaQ=="  # a shorter salt is another salt; none is too short
    with pytest.raises(StoredHashMalformed):
        scheme_named(name).read(spoilt, SALT.get(name))


@pytest.mark.parametrize("name", [name for name in GOOD if HEX in GOOD[name]])
@pytest.mark.parametrize("digest", [HEX.upper(), HEX[:-1] + "E", "g" * 32, HEX[:31]])
def test_hex_digests_of_another_case_are_refused(name: str, digest: str) -> None:
    if digest == HEX[:-1] + "E":
        digest = HEX[:3] + "E" + HEX[4:]
    with pytest.raises(StoredHashMalformed):
        scheme_named(name).read(GOOD[name].replace(HEX, digest), SALT.get(name))


@pytest.mark.parametrize("name", ["md5-crypt", "apr1", "sun-md5", "phpass"])
def test_a_checksum_whose_last_character_has_surplus_bits_is_refused(name: str) -> None:
    with pytest.raises(StoredHashMalformed):
        scheme_named(name).read(GOOD[name][:-1] + "z")


@pytest.mark.parametrize("name", GOOD)
def test_a_salt_too_many_or_too_few_is_refused(name: str) -> None:
    with pytest.raises(StoredHashMalformed):
        scheme_named(name).read(GOOD[name], None if name in SALT else "joe")


@pytest.mark.parametrize(
    ("form", "stored"),
    [
        ("hex", HEX.upper()),
        ("hex", HEX[:-1] + "E"),
        ("hex", HEX[:-1]),
        ("hex", HEX + "0"),
        ("hex", HEX + "\n"),
        ("hex", bytes.fromhex(HEX)),
        ("upper-hex", HEX),
        ("upper-hex", HEX.upper()[:-1] + "f"),
        ("base64", "Xr4ilOzQ4PCOq3aQ0qbuaQ"),
        ("base64", "Xr4ilOzQ4PCOq3aQ0qbuaR=="),
        ("base64", "Xr4ilOzQ4PCOq3aQ0qbu\naQ=="),
        ("raw", HEX),
        ("raw", bytes.fromhex(HEX)[:-1]),
    ],
)
def test_expressions_read_strictly(form: DigestForm, stored: str | bytes) -> None:
    with pytest.raises(StoredHashMalformed):
        Expression("md5(password)", form=form).read(stored)


def test_salts_of_expressions() -> None:
    apart, after = Expression("md5(password+salt)"), Expression("md5(password+salt)", salt_from=SaltAfter(":"))
    for scheme, stored, salt in [
        (apart, HEX, None),
        (apart, HEX, "x" * 513),
        (Expression("md5(password+salt)", encoding="latin-1"), HEX, "€"),
        (after, HEX, None),
        (after, HEX + ";x", None),
        (after, HEX + ":x", "y"),
        (after, "\ud800" * 40, None),
        (Expression("md5(password)"), HEX, "x"),
    ]:
        with pytest.raises(StoredHashMalformed):
            scheme.read(stored, salt)
    assert after.read(HEX + ":").setting == b""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "password",
        "md5(salt)",
        "md5()",
        "md5(password",
        "md5(password))",
        "md5(password) md5(password)",
        "upper(md5(password))",
        "raw(md5(password))",
        "md5(raw(password))",
        "md5(password + )",
        "md5(password, salt)",
        "hmac_md5(password)",
        "md4(password)",
        "__import__('os')",
        "md5(password.upper())",
        "md5(password * 2)",
        "md5(left(password, 0))",
        "md5(left(password, 99999))",
        "md5(left(password))",
        "md5(password + 'open)",
        "md5(password + 'bad \\n escape')",
        "md5(password + '\\u{d800}')",
        "md5(password + '\\u{110000}')",
        "MD5(password)",
        "md5(p\u0430ssword)",
        "md5(" * 14 + "password" + ")" * 14,
        "md5(" + "+".join(["password"] * 60) + ")",
        "md5(password + '" + "x" * 500 + "')",
        "md5(password)\0",
        "(" * 100_000,
    ],
)
def test_what_is_not_an_expression(text: str) -> None:
    with pytest.raises(ConfigurationError):
        Expression(text)


def test_options_that_contradict() -> None:
    for options in (
        {"encoding": "utf-7"},
        {"form": "octal"},
        {"salt_from": SaltAfter(":")},
        {"site_key": "x"},
    ):
        with pytest.raises(ConfigurationError):
            Expression("md5(password)", **options)  # type: ignore[arg-type]


def test_names_are_canonical() -> None:
    declared = Expression(' md5( "a\'b" + left( password , 8 ) ) ', encoding="cp1252")
    assert declared.name == "md5('a\\'b'+left(password,8));cp1252"
    found = scheme_named(declared.name)
    assert found.digest("12345678x", b"") == hashlib.md5(b"a'b12345678").hexdigest()
    for other in ("md5( password)", 'md5("a"+password)', "md5(password);utf-8", "md5(password);", "nonsense", ""):
        with pytest.raises(SchemeUnknown):
            scheme_named(other)
    assert scheme_named("md5(';latin-1)'+password)").name == "md5(';latin-1)'+password)"
