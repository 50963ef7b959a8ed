"""Logins through Django's own `authenticate()`: legacy, wrapped and current rows, and what a failed one costs."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from plugins.django_hashers import CHEAP, DEAR

from fieldvault.contrib.django.forms import to_django
from fieldvault.errors import KekUnavailable
from fieldvault.passwords import CHEAPEST, DJANGO_MD5, Argon2Profile, Expression, PasswordHasher

Work = Callable[[Callable[[], object]], int]
MD5 = Callable[[str], str]
SECRET = "pässword-of-ann"


def with_row(users: ModuleType, stored: str) -> Any:
    return users.User.objects.create(username="ann", password=stored)


def login(password: str, username: str = "ann") -> Any:
    from django.contrib.auth import authenticate

    return authenticate(username=username, password=password)


def rows(md5: MD5) -> dict[str, str]:
    """A row of each kind for SECRET."""
    wrapping = PasswordHasher(CHEAPEST)
    bare, salted = md5(SECRET), "md5$Xy7%" + f"${md5('Xy7%' + SECRET)}"
    return {
        "bare": bare,
        "bare with Django's marker": f"md5$${bare}",
        "salted": salted,
        "wrapped bare": to_django(wrapping.wrap(bare, Expression("md5(password)"))),
        "wrapped salted": to_django(wrapping.wrap(salted, DJANGO_MD5)),
        "other parameters": to_django(PasswordHasher(DEAR).hash(SECRET)),
    }


KINDS = list(rows(lambda _: "0" * 32))


@pytest.mark.parametrize("kind", KINDS)
def test_a_login_succeeds_and_leaves_argon2id_of_the_password(users: ModuleType, md5: MD5, kind: str) -> None:
    stored = rows(md5)[kind]
    user = with_row(users, stored)
    assert login("not it") is None
    user.refresh_from_db()
    assert user.password == stored

    assert login(SECRET) == user
    user.refresh_from_db()
    assert user.password.startswith("argon2$argon2id$v=19$m=8,t=1,p=1$")
    upgraded = user.password
    assert login(SECRET) == user
    user.refresh_from_db()
    assert user.password == upgraded, "a current row is left alone"
    assert login("not it") is None


def test_django_without_our_hasher_does_not_know_bare_digests(users: ModuleType, md5: MD5) -> None:
    from django.test import override_settings

    with_row(users, md5(SECRET))
    with override_settings(PASSWORD_HASHERS=CHEAP[:3]):
        assert login(SECRET) is None


def test_another_scheme_for_bare_digests_is_declared_by_a_subclass(users: ModuleType, md5: MD5) -> None:
    from django.test import override_settings

    user = with_row(users, md5(md5(SECRET)))
    assert login(SECRET) is None
    with override_settings(PASSWORD_HASHERS=[CHEAP[0], "plugins.django_hashers.DoubleMD5"]):
        assert login(SECRET) == user


def test_djangos_own_argon2_hasher_and_ours_read_each_other(users: ModuleType) -> None:
    from django.contrib.auth.hashers import Argon2PasswordHasher, make_password
    from django.test import override_settings

    djangos = "django.contrib.auth.hashers.Argon2PasswordHasher"
    ours = make_password(SECRET)
    with override_settings(PASSWORD_HASHERS=[djangos]):
        assert with_row(users, ours).check_password(SECRET)
    theirs = Argon2PasswordHasher().encode(SECRET, "a" * 22)
    user = users.User.objects.create(username="bo", password=theirs)
    assert not user.check_password("not it")
    assert user.check_password(SECRET)
    assert user.password.startswith("argon2$argon2id$v=19$m=8,")


@pytest.mark.parametrize("kind", [*KINDS, "unusable", "garbage", "absurd", "nobody"])
def test_a_failed_login_costs_the_profile_whatever_the_row_is(
    users: ModuleType, md5: MD5, work: Work, kind: str
) -> None:
    from django.test import override_settings

    stored = rows(md5) | {
        "other parameters": to_django(PasswordHasher(CHEAPEST).hash(SECRET)),
        "unusable": "!" + "x" * 40,
        "garbage": "fvw1$md5(password)$$$argon2id$v=19$m=8,t=1,p=1$AAAA",
        "absurd": f"argon2$argon2id$v=19$m={2**31},t=1,p=1${'A' * 22}${'A' * 43}",
    }
    if kind != "nobody":
        with_row(users, stored[kind])
    names = ("DearArgon2id", "DearWrapped", "DearSaltedMD5", "DearUnsaltedMD5")
    with override_settings(PASSWORD_HASHERS=[f"plugins.django_hashers.{one}" for one in names]):
        cost = work(lambda: login("not it"))
    assert abs(cost - DEAR.work) <= 8


def test_a_password_of_10_mb_is_refused_before_hashing_for_known_and_unknown_users(
    users: ModuleType, md5: MD5, work: Work
) -> None:
    with_row(users, md5(SECRET))
    endless = "x" * 10_000_000
    assert work(lambda: login(endless)) == 0
    assert work(lambda: login(endless, "nobody")) == 0
    assert login(endless) is None


def test_setting_a_password_of_10_mb_is_an_error_without_the_password(users: ModuleType) -> None:
    from fieldvault.contrib.django.hashers import LoginRefused

    user = with_row(users, "!")
    endless = "canary" * 1000
    with pytest.raises(LoginRefused) as caught:
        user.set_password(endless)
    assert user.password == "!"
    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_the_wrapped_hasher_makes_no_new_hashes_without_a_pepper(django_project: None) -> None:
    from django.contrib.auth.hashers import make_password
    from django.test import override_settings

    from fieldvault.errors import ConfigurationError

    with (
        override_settings(PASSWORD_HASHERS=["plugins.django_hashers.Wrapped"]),
        pytest.raises(ConfigurationError, match="only verifies"),
    ):
        make_password(SECRET)


def test_must_update_and_harden_runtime(django_project: None, md5: MD5, work: Work) -> None:
    from plugins.django_hashers import Argon2id, SaltedMD5, Wrapped

    current = to_django(PasswordHasher(CHEAPEST).hash(SECRET))
    other = to_django(PasswordHasher(Argon2Profile(16, 1, 1)).hash(SECRET))
    assert not Argon2id().must_update(current)
    assert Argon2id().must_update(other)
    assert Argon2id().must_update("argon2$garbage")
    assert Wrapped().must_update(rows(md5)["wrapped salted"])
    assert SaltedMD5().must_update(rows(md5)["salted"])
    assert work(lambda: Argon2id().harden_runtime(SECRET, other)) == 0, "verify has spent it"


def test_the_admins_summary_has_no_part_of_the_hash(django_project: None, md5: MD5) -> None:
    from django.contrib.auth.hashers import identify_hasher

    for stored in rows(md5).values():
        summary = str(identify_hasher(stored).safe_summary(stored))
        assert not any(part in summary for part in stored.split("$") if len(part) > 15 and "(" not in part)
        assert "Xy7" not in summary


def test_a_pepper_hashes_new_passwords_and_an_outage_fails_closed(
    users: ModuleType, md5: MD5, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.test import override_settings
    from plugins.django_hashers import PEPPER

    wrapped = PasswordHasher(CHEAPEST, pepper=PEPPER).wrap(md5(SECRET), Expression("md5(password)"))
    user = with_row(users, to_django(wrapped))
    with override_settings(PASSWORD_HASHERS=["plugins.django_hashers.WithPepper", *CHEAP[2:]]):
        assert login("not it") is None
        assert login(SECRET) == user
        user.refresh_from_db()
        assert user.password.startswith("fvw1$password$$fake:1$argon2id$")
        assert len(user.password) <= 128
        assert login(SECRET) == user
        monkeypatch.setattr(PEPPER, "away", True)
        for name in ("ann", "nobody"):
            with pytest.raises(KekUnavailable):
                login(SECRET, name)
