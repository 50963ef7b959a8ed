"""Results of operations on keys, for people and for programs; and a progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fieldvault.cli.console import say, stderr, write_json
from fieldvault.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from fieldvault.errors import OpenError
    from fieldvault.rotation.keys import Destroyed, KeyProgress, RewrapResult

SHOWN = 5


def rewrap_as_json(result: RewrapResult) -> dict[str, Any]:
    return {
        "done": result.done,
        "already": result.already,
        "elsewhere": result.elsewhere,
        "changed_meanwhile": result.changed_meanwhile,
        "refused": {key_id.hex(): error.message for key_id, error in result.refused.items()},
    }


def say_rewrap(result: RewrapResult, done: str, already: str, *, dry_run: bool) -> None:
    """Some lines for people."""
    would = "would be " if dry_run else ""
    say(f"{result.done:,} data keys {would}{done}; {result.already:,} {already}")
    if result.elsewhere:
        say(f"{result.elsewhere:,} data keys of other KEKs were left", label="note", style="bold")
    if result.changed_meanwhile:
        say(f"{result.changed_meanwhile:,} were changed by somebody else meanwhile", label="note", style="bold")
    say_refused(result.refused)


def say_refused(refused: Mapping[bytes, OpenError]) -> None:
    """What was left as it is, and why."""
    for key_id, error in list(refused.items())[:SHOWN]:
        say(f"{key_id.hex()}: {error.message}", label="left", style="yellow")
    if len(refused) > SHOWN:
        say(f"and {len(refused) - SHOWN:,} more", label="left", style="yellow")


def ending(refused: Mapping[bytes, OpenError]) -> ExitCode:
    return ExitCode.PARTIAL if refused else ExitCode.OK


def show_destroyed(done: Destroyed, *, as_json: bool, dry_run: bool) -> None:
    """The record of what was destroyed: it is printed, to be kept."""
    record: dict[str, Any] = {
        "tenant": done.tenant,
        "purposes": list(done.purposes),
        "key_ids": [key_id.hex() for key_id in done.key_ids],
        "at": done.at.isoformat(timespec="seconds"),
        "actor": done.actor,
        "reason": done.reason,
    }
    if dry_run:
        record |= {"dry_run": True}
    if as_json:
        write_json(record)
        return
    for name, value in record.items():
        if value not in (None, []):
            say(", ".join(value) if isinstance(value, list) else str(value), label=name, style="bold")
    count = len(done.key_ids)
    say(f"{count:,} key{'' if count == 1 else 's'} {'would be ' if dry_run else ''}destroyed")


@contextmanager
def key_progress() -> Iterator[Callable[[KeyProgress], None]]:
    """A bar on a terminal, nothing anywhere else."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.fields[doing]}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,} of {task.total:,}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=stderr(), transient=True) as bar:
        task = bar.add_task("keys", total=None, doing="")
        yield lambda now: bar.update(task, completed=now.done, total=now.total, doing=now.doing)
