"""The Django hashers at a profile that tests can afford, by names that `PASSWORD_HASHERS` can have."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from fieldvault.contrib.django import hashers
from fieldvault.errors import KekUnavailable
from fieldvault.passwords import CHEAPEST, Argon2Profile, Expression, Peppered

DEAR = Argon2Profile(memory_kib=64, passes=2, lanes=1)


class Argon2id(hashers.Argon2idHasher):
    profile = CHEAPEST


class DearArgon2id(hashers.Argon2idHasher):
    profile = DEAR


class Wrapped(hashers.WrappedHasher):
    profile = CHEAPEST


class DearWrapped(hashers.WrappedHasher):
    profile = DEAR


class UnsaltedMD5(hashers.UnsaltedMD5Hasher):
    profile = CHEAPEST


class DoubleMD5(hashers.UnsaltedMD5Hasher):
    profile = CHEAPEST
    schemes = (Expression("md5(md5(password))"),)


class SaltedMD5(hashers.SaltedMD5Hasher):
    profile = CHEAPEST


CHEAP = [f"plugins.django_hashers.{one}" for one in ("Argon2id", "Wrapped", "SaltedMD5", "UnsaltedMD5")]


class DearUnsaltedMD5(hashers.UnsaltedMD5Hasher):
    profile = DEAR


class DearSaltedMD5(hashers.SaltedMD5Hasher):
    profile = DEAR


class FakePepper:
    """A key in this process, that can be away."""

    name = "fake"
    away = False

    def mac(self, messages: Sequence[bytes], *, version: int | None = None) -> Peppered:
        if self.away:
            raise KekUnavailable("the pepper is away")
        key = b"%d" % (version or 1)
        return Peppered(version or 1, [hmac.digest(key, one, "sha256") for one in messages])

    def newest_version(self) -> int:
        return 1


PEPPER = FakePepper()


class WithPepper(hashers.WrappedHasher):
    profile = CHEAPEST
    pepper = PEPPER
