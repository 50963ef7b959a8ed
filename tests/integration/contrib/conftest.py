"""A Django project with the real auth application, in SQLite in memory, set up once for the process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
from plugins import django_site

from fieldvault.passwords import Argon2Profile, argon2id


@pytest.fixture(scope="session")
def django_project() -> Iterator[None]:
    from django.core.management import call_command
    from django.db import connections

    django_site.configure()
    call_command("migrate", verbosity=0)
    yield
    connections.close_all()


@pytest.fixture
def users(django_project: None) -> Iterator[ModuleType]:
    """`django.contrib.auth.models`; whatever a test makes is rolled back."""
    from django.contrib.auth import models
    from django.db import transaction

    with transaction.atomic():
        yield models
        transaction.set_rollback(True)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], int]:
    """How many KiB of Argon2 a call fills, over all passes."""
    spent: list[int] = []
    hash_secret, verify = argon2id.hash_secret, argon2id.Argon2id.verify

    def counted_hash(*given: object, time_cost: int, memory_cost: int, **rest: object) -> bytes:
        spent.append(time_cost * memory_cost)
        return hash_secret(*given, time_cost=time_cost, memory_cost=memory_cost, **rest)

    def counted_verify(self: argon2id.Argon2id, secret: bytes, stored: object) -> bool:
        profile: Argon2Profile = stored.profile
        spent.append(profile.work)
        return verify(self, secret, stored)

    monkeypatch.setattr(argon2id, "hash_secret", counted_hash)
    monkeypatch.setattr(argon2id.Argon2id, "verify", counted_verify)

    def measured(call: Callable[[], object]) -> int:
        spent.clear()
        call()
        return sum(spent)

    return measured


@pytest.fixture
def md5() -> Callable[[str], str]:
    return lambda text: hashlib.md5(text.encode()).hexdigest()
