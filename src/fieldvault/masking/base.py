"""What a mask is.

Rules of every mask:

1. `mask` never raises, whatever it is given. What it does not understand is hidden whole.
2. It never shows more than it declares, and never more of a part than it hides of it: "ab" is not masked as "a***".
3. What is hidden is always `HIDDEN`, so that its length does not show.
4. What is shown is printable: no control character, nothing that turns the text around it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date

HIDDEN = "***"
LONGEST = 1000
"""Longer text is hidden whole, in code points: no name or address is, and masks run for every value of a page."""


class Mask(ABC):
    """Shows a part of a value. Immutable, thread-safe, equal to another one that shows the same."""

    __slots__ = ()

    def mask(self, value: object) -> str:
        """What may be seen of `value`. Never raises."""
        text = _text(value)
        if text is None or len(text) > LONGEST:
            return HIDDEN
        shown = self._shown(text)
        return shown if shown is not None and shown.isprintable() else HIDDEN

    @abstractmethod
    def _shown(self, text: str) -> str | None:
        """What may be seen of a text of at most 1,000 code points; None to hide it whole. Must not raise."""


@dataclass(frozen=True, slots=True)
class FullMask(Mask):
    """Shows nothing: the mask of a field that declares none."""

    def _shown(self, text: str) -> str | None:  # noqa: ARG002 - nothing of it
        return None


def _text(value: object) -> str | None:
    # By its true type: a subclass could say anything about itself, and an f-string of it would ask it.
    kind = type(value)
    if issubclass(kind, str):
        return str.__str__(value)
    if kind is int:
        # Python refuses to write out very large numbers; those are nobody's phone or card.
        return int.__repr__(value) if -(10**40) < value < 10**40 else None  # type: ignore[operator]
    if issubclass(kind, date):
        return date.isoformat(value)  # type: ignore[arg-type]
    return None
