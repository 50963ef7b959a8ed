"""PwdlibHasher under pwdlib's own `PasswordHash`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers import HasherProtocol
from pwdlib.hashers.argon2 import Argon2Hasher

from fieldvault.contrib.pwdlib import PwdlibHasher
from fieldvault.errors import ConfigurationError, PasswordTooLong
from fieldvault.passwords import CHEAPEST, Expression, PasswordHasher

MD5 = Callable[[str], str]
UNSALTED = Expression("md5(password)")
OURS = PwdlibHasher(PasswordHasher(CHEAPEST, schemes=[UNSALTED]))
CURRENT = PasswordHash([OURS])


def test_it_is_a_hasher_of_pwdlib() -> None:
    hasher: HasherProtocol = OURS
    stored = PasswordHash([hasher]).hash("secret")
    assert stored.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert CURRENT.verify("secret", stored)
    assert not CURRENT.verify("another", stored)
    assert CURRENT.verify(b"secret", stored.encode())
    assert CURRENT.verify_and_update("secret", stored) == (True, None)


@pytest.mark.parametrize("kind", ["bare", "wrapped", "other parameters"])
def test_a_login_upgrades(md5: MD5, kind: str) -> None:
    stored = {
        "bare": md5("secret"),
        "wrapped": OURS.hasher.wrap(md5("secret"), UNSALTED),
        "other parameters": Argon2Hasher(time_cost=1, memory_cost=16, parallelism=1).hash("secret"),
    }[kind]
    assert CURRENT.verify_and_update("another", stored) == (False, None)
    correct, new = CURRENT.verify_and_update("secret", stored)
    assert correct
    assert new is not None
    assert new.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert CURRENT.verify_and_update("secret", new) == (True, None)


def test_pwdlibs_own_argon2_hasher_reads_what_we_hash() -> None:
    assert Argon2Hasher().verify("secret", CURRENT.hash("secret"))


@pytest.mark.parametrize(
    "stored", ["", "$2b$12$" + "x" * 53, "5ebe2294ecd0e0f08eab7690d2a6ee6", b"\xff\x00", "ü" * 32]
)
def test_what_is_not_ours_is_left_to_the_next_hasher(stored: str | bytes) -> None:
    with pytest.raises(UnknownHashError):
        CURRENT.verify("secret", stored)


@pytest.mark.parametrize(
    "stored",
    ["$argon2id$v=19$m=8,t=1,p=1$AAAA", f"$argon2id$v=19$m={2**31},t=1,p=1${'A' * 22}${'A' * 43}", "$fvw1$x"],
)
def test_what_claims_to_be_ours_and_is_malformed_does_not_verify(stored: str) -> None:
    assert OURS.identify(stored)
    assert CURRENT.verify_and_update("secret", stored) == (False, None)


def test_hostile_passwords_and_salts() -> None:
    endless = "x" * 10_000_000
    with pytest.raises(PasswordTooLong):
        CURRENT.hash(endless)
    with pytest.raises(PasswordTooLong):
        CURRENT.verify(endless, CURRENT.hash("secret"))
    with pytest.raises(ConfigurationError):
        CURRENT.hash("secret", salt=b"0123456789abcdef")
