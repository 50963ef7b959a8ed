"""A stop that was asked for, by a signal or from another thread: work ends after the batch that is under way."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from fieldvault.rotation.reencrypt.pace import Pace

_SLICE_SECONDS = 0.2


class Stop:
    """Any thread may ask, any number of times. What asks `of` asks this one too."""

    def __init__(self, of: Stop | None = None) -> None:
        self._of = of
        self._asked = threading.Event()

    def ask(self) -> None:
        """End after the present batches."""
        self._asked.set()

    @property
    def asked(self) -> bool:
        """Whether somebody did."""
        return self._asked.is_set() or (self._of is not None and self._of.asked)

    def keep_pace(self, paces: Sequence[Pace], rows: int) -> None:
        """Wait as long as every pace says, or until a stop is asked for."""
        for pace in paces:
            wait = pace.seconds(rows)
            while wait > 0 and not self.asked:
                self._asked.wait(min(wait, _SLICE_SECONDS))
                wait = pace.seconds(0)
