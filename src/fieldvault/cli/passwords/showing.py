"""Counts of rows, and how far a command is."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fieldvault.cli.console import say, show_table, stderr

if TYPE_CHECKING:
    from fieldvault.password_migration import Progress, Survey

SECONDS_BETWEEN_LINES = 10.0
ADVICE = {
    "current": "",
    "wrapped": "replaced at the next login",
    "legacy": "fieldvault passwords migrate",
    "undeclared": "declare a scheme in [passwords.scheme.NAME], and prove it",
    "ambiguous": "say which scheme made a row: scheme_from and when",
    "suspicious": "left as it is: look at these rows",
    "foreign": "another slow hash: not touched",
    "sealed": "opened by its sealer only",
    "unusable": "",
}


def show_survey(survey: Survey, *, dormant: bool = False) -> None:
    """A table of the counts, what can be acted on last."""
    order = list(ADVICE)
    rows = [
        [kind.value, label, f"{count:,}", f"{count / survey.rows:.1%}"]
        + ([f"{survey.dormant[kind, label]:,}"] if dormant else [])
        + [ADVICE[kind.value]]
        for (kind, label), count in sorted(
            survey.counts.items(), key=lambda one: (order.index(one[0][0].value), -one[1], one[0][1])
        )
    ]
    columns = ["state", "what", "rows", "share", *(["dormant"] if dormant else []), "what to do"]
    if rows:
        show_table(columns, rows, right=("rows", "share", "dormant"))


def survey_as_json(survey: Survey) -> list[dict[str, object]]:
    """One entry for each kind and label."""
    return [
        {"state": kind.value, "what": label, "rows": count, "dormant": survey.dormant[kind, label]}
        for (kind, label), count in sorted(survey.counts.items())
    ]


@contextmanager
def migration_progress() -> Iterator[Callable[[Progress], None]]:
    """A bar with an estimate on a terminal, a line now and then anywhere else."""
    if not sys.stderr.isatty():
        last = time.monotonic()

        def line(progress: Progress) -> None:
            nonlocal last
            if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
                last = time.monotonic()
                left = "" if progress.seconds_left is None else f", about {duration(progress.seconds_left)} left"
                say(f"round {progress.round}: {progress.rows:,} of {progress.total:,} rows{left}")

        yield line
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("round {task.fields[round]}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,} of {task.total:,} rows"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=stderr(), transient=True) as bar:
        task = bar.add_task("migrating", total=None, round=1)
        yield lambda progress: bar.update(
            task, completed=progress.rows, total=max(progress.rows, progress.total), round=progress.round
        )


def duration(seconds: float) -> str:
    """For people: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
