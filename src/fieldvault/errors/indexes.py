"""The rotation of index keys."""

from __future__ import annotations

from fieldvault.errors.base import FieldvaultError


class IndexRotationError(FieldvaultError):
    """Base of the errors about the rotation of index keys."""


class IndexStepRefused(IndexRotationError):
    """The rotation is in a phase that does not allow this step."""


class IndexStepTooEarly(IndexStepRefused):
    """A process may still be in the phase before this one. `seconds_left` says how long to wait, in seconds."""

    def __init__(self, message: str, *, seconds_left: float, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.seconds_left = seconds_left


class IndexRowsLeft(IndexStepRefused):
    """Rows are not yet what the next phase relies on. `rows` is how many, over all tables."""

    def __init__(self, message: str, *, rows: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.rows = rows
