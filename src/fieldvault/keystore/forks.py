"""What a key store does in a forked child, before any of the child's own code runs."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from typing import TypeVar

Owner = TypeVar("Owner")


def on_fork_in_child(owner: Owner, reset: Callable[[Owner], None]) -> None:
    """Call `reset(owner)` in every child that is forked while `owner` lives.

    `os.register_at_fork` cannot be undone, so it is given a weak reference only: a store that was dropped costs
    a dead reference, never its connections or its keys. Pass a plain function, not a bound method, which would
    hold the owner.
    """
    if sys.platform == "win32":
        return
    import os

    reference = weakref.ref(owner)

    def run() -> None:
        alive = reference()
        if alive is not None:
            reset(alive)

    os.register_at_fork(after_in_child=run)
