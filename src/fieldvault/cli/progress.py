"""A progress bar on a terminal, nothing anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fieldvault.files import Source


@contextmanager
def progress_of(source: Source, what: str) -> Iterator[Callable[[int], None]]:
    """Yields what to call with the number of rows read since the last call."""
    if not sys.stderr.isatty():
        yield lambda _rows: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from fieldvault.cli.console import stderr

    columns = (
        TextColumn(what, markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
    )
    by_rows = source.total_rows is not None
    with Progress(*columns, console=stderr(), transient=True) as progress:
        task = progress.add_task(what, total=source.total_rows if by_rows else source.total_bytes, rows=0)
        rows = 0

        def advance(more: int) -> None:
            nonlocal rows
            rows += more
            progress.update(task, completed=rows if by_rows else source.read_bytes, rows=rows)

        yield advance


@contextmanager
def counting(what: str, unit: str) -> Iterator[Callable[[int], None]]:
    """The same where nobody knows how many there will be: `unit` is what is counted."""
    if not sys.stderr.isatty():
        yield lambda _more: None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from fieldvault.cli.console import stderr

    columns = (SpinnerColumn(), TextColumn(what, markup=False), TextColumn("{task.completed:,.0f} " + unit))
    with Progress(*columns, console=stderr(), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda more: progress.advance(task, more)
