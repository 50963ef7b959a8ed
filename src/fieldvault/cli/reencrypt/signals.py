"""SIGINT, SIGTERM and SIGHUP end the work after the batch that is under way; a second SIGINT ends it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from fieldvault.cli.console import say
from fieldvault.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from fieldvault.rotation import Stop

_SIGNALS = [one for one in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, one)]


class Received:
    """Which exit code the signal that came asks for."""

    code = ExitCode.INTERRUPTED


@contextmanager
def stopping_on_signals(stop: Stop) -> Iterator[Received]:
    """Within the block, a signal asks `stop`."""
    received = Received()
    if threading.current_thread() is not threading.main_thread():
        yield received  # signals reach the main thread only
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        received.code = ExitCode.INTERRUPTED if number == signal.SIGINT else ExitCode.TERMINATED
        stop.ask()
        say("stopping after this batch")

    before: dict[str, Any] = {one: signal.signal(getattr(signal, one), handle) for one in _SIGNALS}
    try:
        yield received
    finally:
        for one, handler in before.items():
            signal.signal(getattr(signal, one), handler)
