"""A pepper: stored with its version, followed at the next login, and never done without."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from fieldvault.errors import KekError, KekMisconfigured, KekUnavailable, SchemeUnknown
from fieldvault.passwords import CHEAPEST, DJANGO_MD5, Expression, PasswordHasher, Peppered

MD5 = Expression("md5(password)")
SECRET_MD5 = "5ebe2294ecd0e0f08eab7690d2a6ee69"


def test_a_peppered_hash_says_which_pepper(pepper: Any) -> None:
    hasher = PasswordHasher(CHEAPEST, pepper=pepper)
    stored = hasher.hash("secret")
    assert stored.startswith("$fvw1$password$$main:1$argon2id$")
    assert hasher.verify_and_update("secret", stored) == (True, None)
    assert not hasher.verify("wrong", stored)


def test_without_the_pepper_or_with_another_nothing_is_verified(pepper: Any) -> None:
    stored = PasswordHasher(CHEAPEST, pepper=pepper).hash("secret")
    another = type(pepper)("other")
    for hasher in (PasswordHasher(CHEAPEST), PasswordHasher(CHEAPEST, pepper=another)):
        with pytest.raises(SchemeUnknown, match="main"):
            hasher.verify("secret", stored)
    stripped = stored.replace("$main:1", "$").replace("$password$", "$md5(password)$")
    assert not PasswordHasher(CHEAPEST).verify("secret", stripped)


def test_a_new_version_is_used_at_the_next_login(pepper: Any) -> None:
    hasher = PasswordHasher(CHEAPEST, pepper=pepper)
    stored = hasher.hash("secret")
    pepper.newest = 2
    assert hasher.needs_rehash(stored)
    ok, new = hasher.verify_and_update("secret", stored)
    assert ok
    assert new is not None
    assert "$main:2$" in new
    assert hasher.verify_and_update("secret", new) == (True, None)


def test_rows_from_before_the_pepper_get_it_at_the_next_login(pepper: Any) -> None:
    plain, wrapped = PasswordHasher(CHEAPEST).hash("secret"), PasswordHasher(CHEAPEST).wrap(SECRET_MD5, MD5)
    hasher = PasswordHasher(CHEAPEST, pepper=pepper)
    for stored in (plain, wrapped):
        ok, new = hasher.verify_and_update("secret", stored)
        assert ok
        assert new is not None
        assert "$main:1$" in new


def test_many_are_wrapped_with_one_call(pepper: Any) -> None:
    hasher = PasswordHasher(CHEAPEST, pepper=pepper)
    rows = hasher.wrap_many([(SECRET_MD5, None)] * 20 + [("garbage", None)], MD5)
    assert pepper.calls == [20]
    assert all(isinstance(row, str) and hasher.verify("secret", row) for row in rows[:20])


def test_every_answer_makes_one_call(pepper: Any) -> None:
    plain = PasswordHasher(CHEAPEST).hash("secret")
    hasher = PasswordHasher(CHEAPEST, pepper=pepper, schemes=[DJANGO_MD5])
    peppered = hasher.hash("secret")
    for call in (
        lambda: hasher.verify("wrong", plain),
        lambda: hasher.verify("wrong", peppered),
        lambda: hasher.verify("wrong", f"md5$x${SECRET_MD5}"),
        lambda: hasher.verify_unknown_user("wrong"),
        lambda: hasher.verify("wrong", "!unusable"),
    ):
        pepper.calls.clear()
        with contextlib.suppress(SchemeUnknown):
            call()
        assert pepper.calls == [1]


def test_an_outage_fails_closed_for_every_row(pepper: Any) -> None:
    plain = PasswordHasher(CHEAPEST).hash("secret")
    hasher = PasswordHasher(CHEAPEST, pepper=pepper, schemes=[DJANGO_MD5])
    peppered = hasher.hash("secret")
    pepper.down = True
    for call in (
        lambda: hasher.hash("secret"),
        lambda: hasher.verify("secret", plain),
        lambda: hasher.verify("secret", peppered),
        lambda: hasher.verify_and_update("secret", f"md5$x${SECRET_MD5}"),
        lambda: hasher.verify_unknown_user("secret"),
        lambda: hasher.wrap(SECRET_MD5, MD5),
    ):
        with pytest.raises(KekUnavailable):
            call()


def test_a_version_that_is_gone_is_an_error_and_not_a_wrong_password(pepper: Any) -> None:
    hasher = PasswordHasher(CHEAPEST, pepper=pepper)
    stored = hasher.hash("secret").replace("main:1", "main:9")
    with pytest.raises(KekError):
        hasher.verify("secret", stored)


@pytest.mark.parametrize("macs", [[], [b""], [b"x" * 31], [b"x" * 32] * 2])
def test_a_pepper_that_answers_nonsense(pepper: Any, macs: list[bytes]) -> None:
    pepper.mac = lambda messages, version=None: Peppered(1, macs)
    with pytest.raises(KekMisconfigured):
        PasswordHasher(CHEAPEST, pepper=pepper).hash("secret")
