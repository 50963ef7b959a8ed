"""A mask that the application writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fieldvault.masking.base import Mask


@dataclass(frozen=True, slots=True)
class CustomMask(Mask):
    """Shows what `function` gives for the value's text. Where it raises, or gives no text, all is hidden.

    What it shows is its author's to answer for: only unprintable results are hidden.
    """

    function: Callable[[str], str]

    def _shown(self, text: str) -> str | None:
        try:
            shown = self.function(text)
        except Exception:  # noqa: BLE001 - of any class: it may hold the value, and a repr must not fail
            return None
        return str.__str__(shown) if issubclass(type(shown), str) else None
