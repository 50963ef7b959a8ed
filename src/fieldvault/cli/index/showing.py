"""The state of a rotation, for people and for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fieldvault.cli.console import say, show_table, stderr
from fieldvault.ports import IndexPhase

if TYPE_CHECKING:
    from fieldvault.rotation import BackfillProgress, IndexRotation, RotationState

NEXT = {
    IndexPhase.STABLE: "fieldvault index start",
    IndexPhase.DUAL_WRITE: "fieldvault index advance",
    IndexPhase.BACKFILL: "fieldvault index backfill, then advance",
    IndexPhase.CUT_OVER: "fieldvault index backfill, then advance",
    IndexPhase.DROP: "fieldvault index backfill, then advance",
}


def state_as_json(state: RotationState) -> dict[str, Any]:
    return {
        "phase": state.phase.value,
        "version": state.version,
        "next_version": state.next_version,
        "since": None if state.since is None else state.since.isoformat(),
        "seconds_left": round(state.seconds_left, 1),
    }


def say_state(state: RotationState) -> None:
    """One line for people."""
    versions = "no key yet" if state.version is None else f"version {state.version}"
    if state.next_version is not None:
        versions += f", going to {state.next_version}"
    wait = f"; the next step in {state.seconds_left:.0f} s" if state.seconds_left else ""
    say(f"{versions}{wait}", label=state.phase.value, style="bold")


def show_versions(rotation: IndexRotation) -> None:
    """The gauge: rows by table, column and version."""
    rows = [
        [table, column, str(version), f"{count:,}"]
        for table, columns in rotation.rows_by_version().items()
        for column, versions in columns.items()
        for version, count in versions.items()
    ]
    if rows:
        show_table(["table", "column", "version", "rows"], rows, right=("version", "rows"))


@contextmanager
def backfill_progress() -> Iterator[Callable[[BackfillProgress], None]]:
    """A bar on a terminal, nothing anywhere else."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.fields[table]}, round {task.fields[round]}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,} of {task.total:,} rows"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=stderr(), transient=True) as bar:
        task = bar.add_task("backfill", total=None, table="", round=1)
        yield lambda progress: bar.update(
            task, completed=progress.rows, total=progress.total, table=progress.table, round=progress.round
        )
