"""What a forked child must not inherit.

A child gets a copy of its parent's memory. Two things in it would be dangerous: a lease of uses, which both
would spend, and a lock that another thread of the parent held at that moment, which nobody would ever release.
Nonces are drawn from the operating system for each batch, so there is no generator to inherit.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class ForkAware(Protocol):
    def after_fork_in_child(self) -> None:
        """Drop leases and in-flight work; make new locks. No other thread runs yet."""


_aware: WeakSet[ForkAware] = WeakSet()


def notify_after_fork(thing: ForkAware) -> None:
    """Call `thing.after_fork_in_child()` in every child forked from now on, as long as `thing` lives."""
    _aware.add(thing)


def _in_child() -> None:
    for thing in list(_aware):
        thing.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
