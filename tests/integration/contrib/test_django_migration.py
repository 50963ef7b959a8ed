"""The data migration over the auth application's own table, and over a model with its salt in another column."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from fieldvault.contrib.django.forms import from_django
from fieldvault.contrib.django.legacy_rows import LegacyRow, LegacyRows
from fieldvault.contrib.django.migration import FITS_128, WrapPasswords
from fieldvault.errors import ConfigurationError, SchemeNotProved
from fieldvault.passwords import CHEAPEST, DJANGO_MD5, PHPASS, Argon2Profile, Expression, PasswordHasher, identify

MD5 = Callable[[str], str]
UNSALTED = Expression("md5(password)")
PHPASS_OF_TEST12345 = "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"  # the vector of phpass's own test.php
HASHER = PasswordHasher(Argon2Profile(memory_kib=8, passes=1, lanes=1, hash_bytes=24))


def fill(users: ModuleType, md5: MD5) -> dict[str, str]:
    from django.contrib.auth.hashers import make_password

    stored = {
        "bare": md5("secret-bare"),
        "salted": f"md5$abc${md5('abcsecret-salted')}",
        "unsalted": f"md5$${md5('secret-unsalted')}",
        "phpass": PHPASS_OF_TEST12345,
        "current": make_password("secret-current"),
        "pbkdf2": "pbkdf2_sha256$1000$salt$aGFzaA==",
        "unusable": "!" + "x" * 40,
        "upper": md5("secret-upper").upper(),
        "truncated": md5("secret-truncated")[:31],
    }
    for name, password in stored.items():
        users.User.objects.create(username=name, password=password)
    return stored


def stored_now(users: ModuleType) -> dict[str, str]:
    return dict(users.User.objects.values_list("username", "password"))


def operation(users: ModuleType, **options: Any) -> WrapPasswords:
    def known() -> dict[Any, str]:
        return {users.User.objects.get(username="bare").pk: "secret-bare"}

    options = {"prove_by": known, "hasher": HASHER, "threads": 2, "batch": 2} | options
    return WrapPasswords("auth.User", [DJANGO_MD5, PHPASS, UNSALTED], **options)


def migrate(wrap: WrapPasswords) -> None:
    """As `manage.py migrate` runs the operation: on historical models."""
    from django.apps import apps
    from django.db import connection, migrations
    from django.db.migrations.state import ProjectState

    state = ProjectState.from_apps(apps)
    run = migrations.RunPython(wrap, migrations.RunPython.noop)
    # The surrounding transaction is the test's; on SQLite a schema editor asks for foreign keys to be off in it.
    editor = connection.schema_editor(atomic=False)
    run.database_forwards("auth", editor, state, state)


def test_a_mixed_table(users: ModuleType, md5: MD5, caplog: pytest.LogCaptureFixture) -> None:
    before = fill(users, md5)
    caplog.set_level(logging.INFO)
    migrate(operation(users))

    now = stored_now(users)
    wrapped = {name for name in now if now[name].startswith("fvw1$")}
    assert wrapped == {"bare", "salted", "unsalted", "phpass"}
    assert {name: now[name] for name in before.keys() - wrapped} == {
        name: before[name] for name in before.keys() - wrapped
    }
    assert max(map(len, now.values())) <= 128
    assert not any(digest in now[name] for name in wrapped for digest in before[name].split("$") if len(digest) > 3)
    assert "4 rows wrapped, 3 kept, 2 left" in caplog.text
    assert not any(one in caplog.text for one in before.values())

    passwords = {name: f"secret-{name}" for name in wrapped} | {"phpass": "test12345"}
    for name, password in passwords.items():
        user = users.User.objects.get(username=name)
        assert not user.check_password("not it")
        assert user.check_password(password)
        assert user.password.startswith("argon2$argon2id$")


def test_a_second_run_changes_nothing(users: ModuleType, md5: MD5) -> None:
    fill(users, md5)
    operation(users).run(users.User)
    once = stored_now(users)
    report = operation(users).run(users.User)
    assert stored_now(users) == once
    assert (report.wrapped, report.kept, report.left) == (0, 7, 2)


@pytest.mark.parametrize("known", [None, dict, lambda: {10**6: "secret-bare"}])
def test_an_unmarked_scheme_that_was_not_proved_writes_nothing(
    users: ModuleType, md5: MD5, known: Callable[[], dict[Any, str]] | None
) -> None:
    before = fill(users, md5)
    with pytest.raises(SchemeNotProved):
        operation(users, prove_by=known).run(users.User)
    assert stored_now(users) == before


def test_a_known_password_that_the_scheme_does_not_give_writes_nothing(users: ModuleType, md5: MD5) -> None:
    before = fill(users, md5)
    pk = users.User.objects.get(username="bare").pk
    with pytest.raises(SchemeNotProved):
        operation(users, prove_by=lambda: {pk: "another"}).run(users.User)
    assert stored_now(users) == before


def test_an_empty_table_asks_for_no_known_password(users: ModuleType) -> None:
    def never() -> dict[Any, str]:
        raise AssertionError

    assert operation(users, prove_by=never).run(users.User).wrapped == 0


def test_what_does_not_fit_the_column_is_refused_before_anything_is_written(users: ModuleType, md5: MD5) -> None:
    before = fill(users, md5)
    salt = "s" * 60
    users.User.objects.create(username="long", password=f"md5${salt}${md5(salt + 'x')}")
    with pytest.raises(ConfigurationError, match="holds 128 characters"):
        operation(users).run(users.User)
    assert {name: stored_now(users)[name] for name in before} == before


def test_the_default_profile_fits_djangos_salts_into_128_characters(md5: MD5) -> None:
    salt = "s" * 22
    wrapped = PasswordHasher(FITS_128).wrap(f"md5${salt}${md5(salt)}", DJANGO_MD5)
    assert len(wrapped) - 1 <= 128


def test_a_password_that_is_changed_while_it_is_wrapped_is_kept(
    users: ModuleType, md5: MD5, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth.hashers import make_password

    before = fill(users, md5)
    changed = {"bare": make_password("changed"), "salted": f"md5$new${md5('newchanged')}"}
    replace = LegacyRows.replace

    def replace_after_the_user(self: LegacyRows, row: LegacyRow, new: str) -> bool:
        for name in [one for one in changed if before[one] == row.stored]:
            users.User.objects.filter(username=name).update(password=changed.pop(name))
        return replace(self, row, new)

    monkeypatch.setattr(LegacyRows, "replace", replace_after_the_user)
    report = operation(users).run(users.User)
    assert report.wrapped == 3
    assert stored_now(users)["bare"].startswith("argon2$")
    for name in ("bare", "salted"):
        assert users.User.objects.get(username=name).check_password("changed")


def test_a_salt_in_a_column_of_its_own(django_project: None, md5: MD5) -> None:
    from django.db import connection, models

    class Member(models.Model):
        password = models.CharField(max_length=200)
        salt = models.CharField(max_length=20, null=True)

        class Meta:
            app_label = "members"

    scheme = Expression("md5(md5(password) + salt)")
    with connection.schema_editor() as editor:
        editor.create_model(Member)
    try:
        one = Member.objects.create(password=md5(md5("sésame") + "x7Q"), salt="x7Q")
        none = Member.objects.create(password=md5(md5("sésame")), salt=None)
        wrap = WrapPasswords(
            "members.Member", [scheme], salt_field="salt", prove_by=lambda: {one.pk: "sésame"}, hasher=HASHER
        )
        report = wrap.run(Member)
        assert (report.wrapped, report.left) == (1, 1)
        one.refresh_from_db()
        none.refresh_from_db()
        assert none.password == md5(md5("sésame"))
        Member.objects.update(salt="")  # the row carries its salt now
        assert PasswordHasher(CHEAPEST).verify("sésame", from_django(one.password))
        assert identify(from_django(one.password)).name == f"wrapped:{scheme.name}"
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(Member)
