"""The rotation of data keys, subject keys and the KEK."""

from __future__ import annotations

from datetime import datetime

from fieldvault.errors.base import FieldvaultError


class RotationError(FieldvaultError):
    """Base of the errors about the rotation of keys."""


class RotationUnderWay(RotationError):
    """Another run holds the lock; nothing was done. `owner` is it, `until` when its lock ends unless prolonged."""

    def __init__(self, owner: str, until: datetime) -> None:
        super().__init__(
            f"another run is at work: {owner}",
            hint=f"if it was killed, its lock ends at {until:%H:%M:%S} UTC",
        )
        self.owner = owner
        self.until = until


class RotationLockLost(RotationError):
    """Another run took the lock over, because this one had not prolonged it in time. What was done stays."""


class KeyInUse(RotationError):
    """The key is needed: it is the primary, or `rows` are sealed or wrapped under it. It was not destroyed."""

    def __init__(self, message: str, *, rows: int = 0, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.rows = rows


class KeyNotSettled(RotationError):
    """Some process may still use keys as they were before. `seconds_left` says how long, in seconds."""

    def __init__(self, message: str, *, seconds_left: float, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.seconds_left = seconds_left


class EpochRefused(RotationError):
    """Keys are still wrapped by older versions of the KEK, `keys` of them. No version was closed."""

    def __init__(self, message: str, *, keys: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.keys = keys


class KekNotVersioned(RotationError):
    """The KEK has no versions: to replace it, its keys are moved to another one."""
