"""A key store that counts the calls to the one behind it, is away when told to be, and lets a test step in."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from fieldvault.errors import KeyStoreUnavailable
from fieldvault.keystore import MemoryKeyStore


class SpiedStore:
    """Keeps the port `KeyStore`, method for method, by handing each call on.

    `calls` counts by method. `away` makes every call raise `KeyStoreUnavailable`. `after[method]` runs once the
    call is done and before its result is returned: where another thread would come in between.
    """

    def __init__(self, store: Any = None) -> None:
        self.behind = MemoryKeyStore() if store is None else store
        self.calls: Counter[str] = Counter()
        self.away = False
        self.after: dict[str, Callable[[], object]] = {}
        self._lock = threading.Lock()

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("_"):
            raise AttributeError(method)
        return partial(self._call, method)

    def _call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        with self._lock:
            self.calls[method] += 1
        if self.away:
            raise KeyStoreUnavailable("the key store cannot be reached")
        result = getattr(self.behind, method)(*args, **kwargs)
        step_in = self.after.pop(method, None)
        if step_in is not None:
            step_in()
        return result
