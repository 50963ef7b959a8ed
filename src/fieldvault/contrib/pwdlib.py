"""A hasher for pwdlib: Argon2id by a `PasswordHasher`, and every wrapped or declared legacy row that it knows.

    password_hash = PasswordHash([PwdlibHasher(hasher)])
    ok, new = password_hash.verify_and_update(password, user.password_hash)

Rules of this file:

1. `identify` is asked before `verify`, so it says yes to what claims to be ours, malformed or not, and to nothing
   else: pwdlib then asks its next hasher.
2. For an unknown user call `hasher.verify_unknown_user(password)`: pwdlib has no way to spend the time itself.
"""

from __future__ import annotations

from fieldvault.attempts import attempt
from fieldvault.errors import ConfigurationError, MissingExtra, SchemeUnknown, StoredHashMalformed
from fieldvault.passwords import PasswordHasher
from fieldvault.passwords.phc import PREFIX as PHC_PREFIX
from fieldvault.passwords.wrapped import is_wrapped

try:
    from pwdlib.hashers import HasherProtocol
except ModuleNotFoundError:  # pragma: no cover
    raise MissingExtra("fieldvault.contrib.pwdlib", extra="pwdlib") from None


class PwdlibHasher(HasherProtocol):
    """`hasher` says the profile, the limits, the legacy schemes whose bare rows are verified too, and the pepper.

    Raises what `PasswordHasher` raises: `PasswordTooLong` before hashing, `KekError` where the pepper is away. A
    row that is malformed is not verified: `verify` answers False, after the same time.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self.hasher = PasswordHasher() if hasher is None else hasher

    # pwdlib declares a classmethod but calls it on the instance, whose schemes are needed here.
    def identify(self, hash: str | bytes) -> bool:  # type: ignore[override]  # noqa: A002
        stored = _text(hash)
        if stored is None:
            return False
        return stored.startswith(PHC_PREFIX) or is_wrapped(stored) or self._is_declared(stored)

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        if salt is not None:
            raise ConfigurationError("a salt is drawn for each hash, and cannot be given")
        stored = attempt(self.hasher.hash, password)
        del password  # an error's frames are shown with their locals
        return stored.or_raise()

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002
        answer = attempt(self._verify, password, _text(hash))
        del password, hash
        return answer.or_raise()

    def check_needs_rehash(self, hash: str | bytes) -> bool:  # noqa: A002
        stored = _text(hash)
        return stored is None or self.hasher.needs_rehash(stored)

    def _verify(self, password: str | bytes, stored: str | None) -> bool:
        try:
            return stored is not None and self.hasher.verify(password, stored)
        except (StoredHashMalformed, SchemeUnknown):
            return False

    def _is_declared(self, stored: str) -> bool:
        try:
            self.hasher.needs_rehash(stored)
        except (StoredHashMalformed, SchemeUnknown):
            return False
        return True


def _text(stored: str | bytes) -> str | None:
    """A stored form is ASCII; None for bytes that are no text at all."""
    if isinstance(stored, str):
        return stored
    return stored.decode("ascii") if stored.isascii() else None
