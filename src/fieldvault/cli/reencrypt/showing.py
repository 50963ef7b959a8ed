"""How far a run is, and what it did; for people and for programs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fieldvault.cli.console import say, stderr, write_json
from fieldvault.cli.passwords.showing import SECONDS_BETWEEN_LINES, duration

if TYPE_CHECKING:
    from fieldvault.rotation import ReencryptionProgress, ReencryptionResult, TableResult

SHOWN_KEYS = 5


@contextmanager
def reencryption_progress() -> Iterator[Callable[[ReencryptionProgress], None]]:
    """A bar with rate and estimate on a terminal, a line now and then anywhere else."""
    if not sys.stderr.isatty():
        last = time.monotonic()

        def line(progress: ReencryptionProgress) -> None:
            nonlocal last
            if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
                last = time.monotonic()
                say(f"{place(progress)}: {progress.rows:,} of {progress.total:,} rows{_pace(progress)}")

        yield line
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,} of {task.total:,} rows{task.fields[pace]}", markup=False),
    )
    with Progress(*columns, console=stderr(), transient=True) as bar:
        task = bar.add_task("", total=None, pace="")
        yield lambda one: bar.update(
            task, description=place(one), completed=one.rows, total=one.total, pace=_pace(one)
        )


def place(one: ReencryptionProgress | TableResult) -> str:
    """Which table, and whose rows."""
    return one.table if one.tenant is None else f"{one.table} of {one.tenant}"


def show_result(result: ReencryptionResult, what: str, *, as_json: bool) -> None:
    """`what` was done: "written", "opened" or "would be written"."""
    if as_json:
        write_json({"tables": [_as_json(one) for one in result.tables], "stopped": result.stopped})
        return
    for one in result.tables:
        rows = one.fine if what == "opened" else one.left if what == "would be written" else one.written
        say(f"{rows or 0:,} rows {what}, in {duration(one.seconds)}", label=place(one), style="green")
        if one.overtaken:
            say(f"{one.overtaken:,} rows were changed meanwhile, and looked at again", label="note", style="bold")
        for reason, count in sorted(one.refused.items()):
            say(f"{count:,} rows as they were: {reason}", label="left", style="yellow")
        if one.refused_keys:
            shown = "; ".join(", ".join(map(str, key)) for key in one.refused_keys[:SHOWN_KEYS])
            say(f"for example {shown}", label="left", style="yellow")
        if what == "written" and one.left:
            say(f"{one.left:,} rows are still to be done", label="left", style="yellow")


def _pace(progress: ReencryptionProgress) -> str:
    parts = []
    if progress.rows_per_second is not None:
        parts.append(f"{progress.rows_per_second:,.0f} a second")
    if progress.seconds_left is not None:
        parts.append(f"about {duration(progress.seconds_left)} left")
    for key_id, rows in progress.rows_left.items():
        parts.append(f"{rows:,} rows on {f'key {key_id[:8]}' if key_id else 'no key of ours'}")
    return "".join(f", {part}" for part in parts)


def _as_json(one: TableResult) -> dict[str, Any]:
    return {
        "table": one.table,
        "tenant": one.tenant,
        "written": one.written,
        "overtaken": one.overtaken,
        "fine": one.fine,
        "refused": dict(one.refused),
        "refused_keys": [[str(part) for part in key] for key in one.refused_keys],
        "left": one.left,
        "rounds": one.rounds,
        "seconds": round(one.seconds, 3),
    }
