"""`fieldvault audit show`: the last events, readable."""

from __future__ import annotations

from collections import deque
from typing import Any

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.console import say, show_table, write_json
from fieldvault.cli.session import Session

COLUMNS = ("seq", "at", "action", "tenant", "actor", "reason")


@click.command(cls=Command, short_help="Show the last events.")
@click.option("--last", metavar="N", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--action", metavar="ACTION", help="Only these, e.g. reveal, reidentify, shred.")
@json_option
@click.pass_obj
def show(session: Session, last: int, action: str | None, as_json: bool) -> None:
    """Show the last N events. Nothing is verified: that is `fieldvault audit verify`."""
    from fieldvault.core.audit import Entry, parse_line

    entries: deque[Entry] = deque(maxlen=last)
    unreadable = 0
    with session.audit_config.file.open("rb") as file:
        for line in file:
            entry = parse_line(line.removesuffix(b"\n"))
            if entry is None:
                unreadable += 1
            elif action in (None, entry.event.get("action")):
                entries.append(entry)
    if as_json:
        for entry in entries:
            write_json({"seq": entry.seq, **entry.event})
    else:
        show_table([*COLUMNS, "details"], [_row(entry.seq, dict(entry.event)) for entry in entries], right=("seq",))
    if unreadable:
        say(f"{unreadable:,} lines are no entries: fieldvault audit verify", label="warning", style="yellow")


def _row(seq: int, event: dict[str, Any]) -> list[str]:
    details = " ".join(f"{name}={value}" for name, value in event.get("details", {}).items())
    return [str(seq), *(str(event.get(name, "")) for name in COLUMNS[1:]), details]
