"""The next page, read and opened by a thread while the present one is sealed and written."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from fieldvault.attempts import Outcome, attempt
from fieldvault.rotation.reencrypt.page import Opened
from fieldvault.rotation.reencrypt.table import Range

Read = Callable[[Range], Opened | None]


class ReadingAhead:
    """`begin` a page, do something else, `take` it. A context manager: ends its thread."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="fieldvault-reading")
        self._under_way: Future[Outcome[Opened | None]] | None = None

    def begin(self, rest: Range) -> None:
        """Read and open the first page of a range."""
        self._under_way = self._pool.submit(attempt, self._read, rest)

    def take(self) -> Opened | None:
        """What was begun; None at the range's end. Raises `TableError`, `KekError`, `KeyStoreError`."""
        under_way, self._under_way = self._under_way, None
        return None if under_way is None else under_way.result().or_raise()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)


class ReadingInTurn:
    """The same for SQLite, where a reader holds off the writer: a page is read when it is taken."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._rest: Range | None = None

    def begin(self, rest: Range) -> None:
        """See `ReadingAhead`."""
        self._rest = rest

    def take(self) -> Opened | None:
        """See `ReadingAhead`."""
        rest, self._rest = self._rest, None
        return None if rest is None else self._read(rest)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None
