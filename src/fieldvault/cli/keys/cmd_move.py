"""`fieldvault keys move`: from one KEK to another."""

from __future__ import annotations

from pathlib import Path

import click

from fieldvault.cli.command import Command, input_file, json_option
from fieldvault.cli.console import say, write_json
from fieldvault.cli.domains.showing import actor_option
from fieldvault.cli.keys.desk import ask, asking_options, move_target, open_operations
from fieldvault.cli.keys.showing import ending, rewrap_as_json, say_rewrap
from fieldvault.cli.session import Session


@click.command(cls=Command, short_help="Wrap all data keys under another KEK.")
@click.option("--to", "file", metavar="FILE", type=input_file, help="Another configuration file, to whose KEK.")
@asking_options
@actor_option
@json_option
@click.pass_obj
def move(session: Session, file: Path | None, dry_run: bool, yes: bool, actor: str, as_json: bool) -> int:
    """Unwrap every data key with the KEK that wrapped it and wrap it under another: [kek.new] of the configuration,
    or [kek] where there is a [kek.old], or that of another file. Each one is verified before it is replaced.

    Every process must be able to unwrap with both before this begins: [kek.new] in its configuration. The data keys
    pass through this process's memory. Exits with 6 where keys were left.
    """
    target = move_target(session, file)
    ask(f"Move all data keys to {target.name}?", yes=yes, dry_run=dry_run)
    with open_operations(session, actor, target) as operations:
        result = operations.move(target, dry_run=dry_run)
    if as_json:
        write_json(rewrap_as_json(result) | {"to": target.name})
    else:
        say(target.name, label="to", style="bold")
        say_rewrap(result, "moved", "were there", dry_run=dry_run)
    return ending(result.refused)
