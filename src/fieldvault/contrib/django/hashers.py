"""Hashers to name in `PASSWORD_HASHERS`: Argon2id, Argon2id over legacy digests, and digests not wrapped yet.

Rules of this file:

1. The first one hashes new passwords: `Argon2idHasher`, or `WrappedHasher` with a pepper. The others verify, and a
   login that succeeds replaces the row.
2. A failed login costs one Argon2id of the profile whatever the row is, as Django spends for an unknown user
   (`PasswordHasher`, rule 1). So there is nothing left for `harden_runtime` to do.
3. A row that cannot be read is a failed login, as with Django's own hashers; `fieldvault passwords identify` counts
   such rows. Outages of a pepper, and too many hashes at once, raise.
4. A password that is refused before hashing ends the login (`PermissionDenied`), for known and unknown users alike.
5. Nothing is configured globally: subclass a hasher and set `profile`, `limits` or `pepper`, as Django's
   documentation does for work factors.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

from django.contrib.auth.hashers import BasePasswordHasher
from django.core.exceptions import PermissionDenied

from fieldvault.attempts import attempt
from fieldvault.contrib.django.forms import ARGON2, WRAPPED, from_django, to_django
from fieldvault.errors import ConfigurationError, PasswordRefused, SchemeUnknown, StoredHashMalformed
from fieldvault.passwords import (
    DJANGO,
    DJANGO_MD5,
    Argon2Profile,
    Expression,
    HashingLimits,
    PasswordHasher,
    Pepper,
    Scheme,
    identify,
)


class LoginRefused(PasswordRefused, PermissionDenied):
    """A password that is too long, or not text. `authenticate()` takes it as a refusal, a view as a 403."""

    def __init__(self, why: PasswordRefused) -> None:
        super().__init__(why.message, hint=why.hint)


@lru_cache
def _shared(
    profile: Argon2Profile, limits: HashingLimits, schemes: tuple[Scheme, ...], pepper: Any
) -> PasswordHasher:
    """One `PasswordHasher`, with its bound on memory, for all adapters that agree."""
    return PasswordHasher(profile, limits=limits, schemes=schemes, pepper=pepper)


class _Adapter(BasePasswordHasher):
    """What all hashers here share. `algorithm` is what Django finds in front of the first `$`."""

    profile: ClassVar[Argon2Profile] = DJANGO
    limits: ClassVar[HashingLimits] = HashingLimits()
    schemes: ClassVar[tuple[Scheme, ...]] = ()
    pepper: ClassVar[Pepper | None] = None

    @property
    def hasher(self) -> PasswordHasher:
        pepper: Any = self.pepper  # hashed by identity; the Protocol does not say so
        return _shared(self.profile, self.limits, self.schemes, pepper)

    def encode(self, password: str, salt: str) -> str:
        """A new hash. The salt is drawn here, from the operating system; Django's is not used."""
        del password, salt
        raise ConfigurationError(
            f"{type(self).__name__} only verifies",
            hint="put Argon2idHasher first in PASSWORD_HASHERS, or WrappedHasher with a pepper",
        )

    def verify(self, password: str, encoded: str) -> bool:
        answer = attempt(self._verify, password, encoded)
        del password, encoded  # an error's frames are shown with their locals
        return answer.or_raise()

    def must_update(self, encoded: str) -> bool:
        try:
            return self.hasher.needs_rehash(self.stored_form(encoded))
        except (StoredHashMalformed, SchemeUnknown):
            return True

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Nothing: `verify` has spent the whole profile, whatever the row's own parameters are."""

    def decode(self, encoded: str) -> dict[str, Any]:
        return {"algorithm": self.algorithm}

    def safe_summary(self, encoded: str) -> Any:
        """For the admin: what kind of hash it is, and no part of it."""
        return {"algorithm": self.algorithm, "form": identify(self.stored_form(encoded)).name}

    def stored_form(self, encoded: str) -> str:
        """Django's spelling as `PasswordHasher` knows it."""
        return from_django(encoded)

    def _encode(self, password: str, salt: str) -> str:
        return to_django(self._hash(password))

    def _verify(self, password: str, encoded: str) -> bool:
        try:
            return self.hasher.verify(password, self.stored_form(encoded))
        except PasswordRefused as error:
            raise LoginRefused(error) from None
        except (StoredHashMalformed, SchemeUnknown):
            return False

    def _hash(self, password: str) -> str:
        try:
            return self.hasher.hash(password)
        except PasswordRefused as error:
            raise LoginRefused(error) from None


class Argon2idHasher(_Adapter):
    """Argon2id as Django's own hasher stores it: either can verify the other's rows."""

    algorithm = ARGON2

    def encode(self, password: str, salt: str) -> str:
        stored = attempt(self._encode, password, salt)
        del password, salt
        return stored.or_raise()


class WrappedHasher(_Adapter):
    """Argon2id over any legacy digest, each row naming its scheme; with a pepper, also new passwords."""

    algorithm = WRAPPED

    def encode(self, password: str, salt: str) -> str:
        stored = attempt(super().encode if self.pepper is None else self._encode, password, salt)
        del password, salt
        return stored.or_raise()


class UnsaltedMD5Hasher(_Adapter):
    """32 hexadecimal digits without anything else, or after `md5$$`: what Django looks up as `unsalted_md5`.

    Django ships no hasher of that name any more, so such users cannot log in without this one. Where the digits are
    not `md5(password)`, subclass and declare `schemes`.
    """

    algorithm = "unsalted_md5"
    schemes = (Expression("md5(password)"),)

    def stored_form(self, encoded: str) -> str:
        return encoded.removeprefix("md5$$")


class SaltedMD5Hasher(_Adapter):
    """`md5$salt$digest`. Django's own `MD5PasswordHasher` tells such users from others by its faster answer."""

    algorithm = "md5"
    schemes = (DJANGO_MD5,)
