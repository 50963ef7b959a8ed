"""No password, digest, salt or stored string in an error, its frames' locals, a log line or a repr."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from plugins.secrecy import found_in, shown_by

from fieldvault.errors import FieldvaultError, HashingFailed, KekError, PasswordError
from fieldvault.passwords import (
    CHEAPEST,
    DJANGO_MD5,
    MARKED,
    Expression,
    HashingLimits,
    KnownPassword,
    PasswordHasher,
    argon2id,
    identify,
    prove,
    scheme_named,
)

PASSWORD = "correct-horse-battery"
DIGEST = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
SALT = "pillar-of-s4lt"
SITE_KEY = "cookie-key-0042"
SECRETS = [PASSWORD, DIGEST, SALT, SITE_KEY]
MD5 = Expression("md5(password+salt)")
KEYED = Expression("md5(site_key+password+salt)", site_key=SITE_KEY)
GOOD = PasswordHasher(CHEAPEST).wrap(DIGEST, MD5, salt=SALT)
BROKEN = PasswordHasher(CHEAPEST, schemes=[MD5, DJANGO_MD5, KEYED])
SMALL = PasswordHasher(CHEAPEST, limits=HashingLimits(password_bytes=8))

FAILS: dict[str, Callable[[], object]] = {
    "hash: too long": lambda: SMALL.hash(PASSWORD),
    "hash: no text": lambda: BROKEN.hash(PASSWORD + "\ud800"),
    "hash: bytes": lambda: BROKEN.hash(PASSWORD.encode() + b"\xff"),
    "verify: too long": lambda: SMALL.verify(PASSWORD, GOOD),
    "verify: unknown": lambda: BROKEN.verify(PASSWORD, DIGEST[:-1], salt=SALT),
    "verify: without salt": lambda: BROKEN.verify(PASSWORD, DIGEST),
    "verify: malformed": lambda: BROKEN.verify(PASSWORD, f"md5${SALT}${DIGEST.upper()}"),
    "verify: bad phc": lambda: BROKEN.verify(PASSWORD, GOOD[:-2]),
    "verify: huge": lambda: BROKEN.verify(PASSWORD, GOOD.replace("m=8", "m=2147483648")),
    "verify: unknown scheme": lambda: BROKEN.verify(PASSWORD, GOOD.replace("md5(password", "md4(password")),
    "verify: unknown pepper": lambda: BROKEN.verify(PASSWORD, GOOD.replace("$$argon2id", "$main:3$argon2id")),
    "verify_and_update: unknown": lambda: BROKEN.verify_and_update(PASSWORD, DIGEST[:-1], salt=SALT),
    "needs_rehash: unknown": lambda: BROKEN.needs_rehash(DIGEST[:-1]),
    "unknown user: too long": lambda: SMALL.verify_unknown_user(PASSWORD),
    "wrap: malformed": lambda: BROKEN.wrap(DIGEST[:-1], MD5, salt=SALT),
    "wrap: without salt": lambda: BROKEN.wrap(DIGEST, MD5),
    "wrap: salt too long": lambda: BROKEN.wrap(DIGEST, MD5, salt=SALT * 50),
    "wrap: salt not encodable": lambda: BROKEN.wrap(
        DIGEST, Expression("md5(password+salt)", encoding="latin-1"), salt=SALT + "€"
    ),
    "reseal: no sealer": lambda: BROKEN.reseal(GOOD),
    "expression: literal": lambda: Expression(f"md5(password + '{SITE_KEY}'"),
    "expression: site key": lambda: Expression("md5(password)", site_key=SITE_KEY),
    "scheme named": lambda: scheme_named(f"md5( password+'{SITE_KEY}')"),
    "prove": lambda: prove(MD5, [KnownPassword(PASSWORD, DIGEST, SALT)]).or_raise(),
} | {
    f"read: {scheme.name}": lambda scheme=scheme: scheme.read(DIGEST + SALT, SALT)  # type: ignore[misc]
    for scheme in MARKED
}


@pytest.mark.parametrize("name", FAILS)
def test_errors_show_nothing(name: str, raised: Callable[..., BaseException]) -> None:
    error = raised(FAILS[name])
    assert isinstance(error, FieldvaultError)
    assert found_in(shown_by(error), SECRETS) == []


def test_argon2s_own_failure_shows_nothing(
    monkeypatch: pytest.MonkeyPatch, raised: Callable[..., BaseException]
) -> None:
    from argon2.exceptions import HashingError, VerificationError

    def no_memory(*given: object, **named: object) -> bytes:
        raise HashingError("Memory allocation error")

    def no_memory_either(*given: object) -> bool:
        raise VerificationError("Memory allocation error")

    monkeypatch.setattr(argon2id, "hash_secret", no_memory)
    monkeypatch.setattr(argon2id, "verify_secret", no_memory_either)
    for call in (
        lambda: BROKEN.hash(PASSWORD),
        lambda: BROKEN.verify(PASSWORD, GOOD),
        lambda: BROKEN.wrap(DIGEST, MD5, salt=SALT),
    ):
        error = raised(call)
        assert isinstance(error, HashingFailed)
        assert found_in(shown_by(error), SECRETS) == []
    assert BROKEN.gate.in_use == 0


def test_a_pepper_that_is_down_shows_nothing(pepper: object, raised: Callable[..., BaseException]) -> None:
    hasher = PasswordHasher(CHEAPEST, schemes=[MD5], pepper=pepper)  # type: ignore[arg-type]
    pepper.down = True  # type: ignore[attr-defined]
    for call in (
        lambda: hasher.hash(PASSWORD),
        lambda: hasher.verify(PASSWORD, GOOD),
        lambda: hasher.verify(PASSWORD, DIGEST, salt=SALT),
        lambda: hasher.verify_unknown_user(PASSWORD),
        lambda: hasher.wrap(DIGEST, MD5, salt=SALT),
    ):
        error = raised(call)
        assert isinstance(error, KekError)
        assert found_in(shown_by(error), SECRETS) == []


def test_reprs_and_logs_show_nothing(caplog: pytest.LogCaptureFixture) -> None:
    from fieldvault.passwords import wrapped
    from fieldvault.passwords.phc import parse

    with caplog.at_level(logging.DEBUG):
        BROKEN.verify_and_update(PASSWORD, GOOD)
        BROKEN.verify(PASSWORD, BROKEN.hash(PASSWORD))
    legacy = MD5.read(DIGEST, SALT)
    row = wrapped.parse(GOOD, HashingLimits())
    things = [BROKEN, legacy, KEYED, row, row.phc, parse(BROKEN.hash(PASSWORD), HashingLimits())]
    things += [KnownPassword(PASSWORD, DIGEST, SALT), prove(MD5, [KnownPassword(PASSWORD, DIGEST, SALT)])]
    things += [identify(GOOD), identify(DIGEST), MD5._tree]
    assert found_in(caplog.text + "".join(map(repr, things)), [*SECRETS, GOOD.rpartition("$")[2]]) == []


def test_every_error_of_the_tree_is_a_password_error() -> None:
    from fieldvault import errors

    kinds = [errors.PasswordTooLong(5), errors.SchemeNotProved("no", failed=(1,)), errors.TooManyHashes("x")]
    assert all(isinstance(kind, PasswordError) for kind in kinds)
