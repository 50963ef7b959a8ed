"""Passwords and the strings stored for them."""

from __future__ import annotations

from fieldvault.errors.base import FieldvaultError


class PasswordError(FieldvaultError):
    """Base of the errors about passwords. None of them holds a password, a digest, a salt or a stored string."""


class PasswordRefused(PasswordError):
    """Not a password that can be hashed: not text, or text that UTF-8 cannot encode."""


class PasswordTooLong(PasswordRefused):
    """Longer than the limit; refused before anything was hashed. `limit` is in bytes of UTF-8."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the password is longer than {limit} bytes")
        self.limit = limit


class StoredHashMalformed(PasswordError):
    """A stored string that is not, or not canonically, of the shape that it claims or was declared to be."""


class HashParametersRefused(StoredHashMalformed):
    """A stored string asks for more memory, passes, lanes or rounds than the limits allow; nothing is allocated."""


class SchemeUnknown(PasswordError):
    """A stored string of a shape that was not declared, or of a scheme that this release does not know."""


class SchemeNotProved(PasswordError):
    """A declared legacy scheme does not reproduce what is stored for a known password.

    `failed` has the positions (0-based) of the known passwords that it does not reproduce.
    """

    def __init__(self, message: str, *, failed: tuple[int, ...] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.failed = failed


class TooManyHashes(PasswordError):
    """The bound on concurrent hashes and their memory was reached, and none ended in time. Try again later."""


class HashingFailed(PasswordError):
    """Argon2 itself failed, for lack of memory most likely."""
