"""A sealed value that was refused, and the stage that refused it."""

from __future__ import annotations

from fieldvault.errors.base import FieldvaultError, Stage


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
