"""Every error that fieldvault raises, in one tree.

Rules of this file:

1. A message says what happened; a hint says what to do about it.
2. What a program needs to know is an attribute, never something to parse out of the message.
3. No message, hint or attribute ever holds a value, a key, a wrapped key, an index value or a token of a login.
   Names (tenant, schema, field, column), key ids, counts and positions are allowed.
4. Opening is refused at a named `Stage`; the test vectors name the same stages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Self


class Stage(StrEnum):
    """Where on its way from an envelope to a value something was refused (spec envelope-v1 §6)."""

    PARSE = "parse"
    KEY = "key"
    UNWRAP = "unwrap"
    COMMITMENT = "commitment"
    AUTHENTICATE = "authenticate"
    DECODE = "decode"


class FieldvaultError(Exception):
    """Base of every error of this library."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.field: str | None = None
        """The schema's field that it happened in, where there is one."""

    def detached(self) -> Self:
        """This error without the frames it came through, which hold values and keys as their locals.

        For errors that are returned, kept or raised again by an outer frame that has dropped what it held.
        """
        self.__traceback__ = self.__context__ = self.__cause__ = None
        return self

    def copy(self) -> Self:
        """The same error without frames, to be raised in another thread or for another item."""
        copy = type(self).__new__(type(self), *self.args)
        copy.__dict__.update(self.__dict__)
        return copy

    def in_field(self, field: str) -> Self:
        """A copy of this error that names the field, in its message too."""
        copy = self.copy()
        copy.message = f"{field}: {self.message}"
        copy.field = field
        copy.args = (copy.message,)
        return copy

    def __reduce__(self) -> tuple[Callable[..., Self], tuple[Any, ...]]:
        # Errors cross process boundaries (multiprocessing, task queues); the default would call __init__ with the
        # message alone.
        return _rebuild, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message} ({self.hint})"


def _rebuild(kind: type[FieldvaultError], args: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


# --- What the caller declared or configured ---------------------------------------------------


class ConfigurationError(FieldvaultError):
    """fieldvault.toml, the environment, or the way parts were put together is wrong."""


class MissingExtra(ConfigurationError):
    """A part of fieldvault was used whose optional packages are not installed."""

    def __init__(self, what: str, *, extra: str) -> None:
        super().__init__(f"{what} needs packages that are not installed", hint=f"pip install 'fieldvault[{extra}]'")
        self.extra = extra


class SchemaError(FieldvaultError):
    """A schema contradicts itself, or a record does not fit its schema."""


class ScopeError(FieldvaultError):
    """A tenant is missing where one is needed, or given where the scope is global."""


# --- Sealing ----------------------------------------------------------------------------------


class SealError(FieldvaultError):
    """A value could not be sealed; nothing was produced for it."""


class ValueRefused(SealError):
    """The value does not fit the field's declared type, or cannot be encoded so that it comes back equal."""


class NotIndexable(SealError):
    """The value cannot be normalised for its blind index, so a later search could not find it."""


class KeyExhausted(SealError):
    """The data key has reached its limit of encryptions (NIST SP 800-38D §8.3: 2^32 with random nonces)."""


# --- Opening ----------------------------------------------------------------------------------


class OpenError(FieldvaultError):
    """A sealed value was refused. `stage` says where; no plaintext was released."""

    stage: Stage = Stage.PARSE


class EnvelopeMalformed(OpenError):
    """Not an envelope: too short, wrong prefix, or not canonical base64url."""

    stage = Stage.PARSE


class EnvelopeVersionRefused(OpenError):
    """An envelope of a version that this caller does not accept."""

    stage = Stage.PARSE

    def __init__(self, version: int) -> None:
        super().__init__(
            f"envelope version 0x{version:02x} is not accepted",
            hint="this build opens version 0x01; was the column written by a newer release?",
        )
        self.version = version


class KeyNotFound(OpenError):
    """No key of this scope has the envelope's key id."""

    stage = Stage.KEY

    def __init__(self, key_id: bytes, *, message: str | None = None, hint: str | None = None) -> None:
        super().__init__(
            message or f"no key {key_id.hex()} in this scope",
            hint=hint or "another tenant's value, or a key store that lacks the key",
        )
        self.key_id = key_id


class KeyDestroyed(KeyNotFound):
    """The key existed and was destroyed (shredded): what it sealed is gone for ever."""


class KeyWrapRefused(OpenError):
    """The KEK refused to unwrap a key: tampered with, truncated, of another KEK, or of a retired version."""

    stage = Stage.UNWRAP


class KeyCommitmentMismatch(OpenError):
    """An unwrapped key does not commit to the key id and scope it was stored under (spec keyring-v1 §3)."""

    stage = Stage.COMMITMENT

    def __init__(self, key_id: bytes) -> None:
        super().__init__(
            f"the key stored as {key_id.hex()} does not commit to that id in this scope",
            hint="the key store was altered, or a wrapped key was moved from another scope",
        )
        self.key_id = key_id


class AuthenticationFailed(OpenError):
    """The tag does not verify: tampered with, or moved from another row, column, table or tenant."""

    stage = Stage.AUTHENTICATE


class DecodeError(OpenError):
    """What was opened is authentic, but not an encoding of the field's declared type."""

    stage = Stage.DECODE


# --- Batches ----------------------------------------------------------------------------------


class BatchError(FieldvaultError):
    """Some items of a batch failed, so nothing of the batch is returned.

    `failures` maps the item's position (0-based) to its error. Ask for a partial result instead where the good
    items are wanted.
    """

    def __init__(self, failures: Mapping[int, FieldvaultError], *, total: int) -> None:
        first = min(failures)
        super().__init__(
            f"{len(failures)} of {total} items failed; the first is item {first}: {failures[first].message}",
            hint=failures[first].hint,
        )
        self.failures = dict(failures)
        self.total = total


# --- The KEK: Vault, OpenBao, a local file ----------------------------------------------------


class KekError(FieldvaultError):
    """The KEK could not be used. What was sealed is intact; try again or repair the KEK's side."""


class KekUnavailable(KekError):
    """Sealed, unreachable, overloaded or failing over; retries within the time budget did not help."""


class KekDenied(KekError):
    """Login failed, the token expired and could not be renewed, or the policy forbids the call."""


class KekMisconfigured(KekError):
    """The KEK does not exist, is of the wrong kind, or its file or settings are malformed."""


# --- The key store ----------------------------------------------------------------------------


class KeyStoreError(FieldvaultError):
    """Base of the key store's errors."""


class KeyStoreUnavailable(KeyStoreError):
    """The key store could not be reached or is locked. Never raised for a conflict."""


class KeyStoreConflict(KeyStoreError):
    """Somebody else changed the same keys first. Never raised for an outage; reload and decide again."""


class KeyStoreNotReady(KeyStoreError):
    """The key store's tables do not exist, or are of another version."""


# --- Passwords --------------------------------------------------------------------------------


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
