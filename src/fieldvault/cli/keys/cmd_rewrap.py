"""`fieldvault keys rewrap`: the same data keys under the KEK's newest version."""

from __future__ import annotations

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.console import write_json
from fieldvault.cli.domains.showing import actor_option
from fieldvault.cli.keys.desk import dry_run_option, open_operations
from fieldvault.cli.keys.showing import ending, rewrap_as_json, say_rewrap
from fieldvault.cli.session import Session


@click.command(cls=Command, short_help="Wrap all data keys under the KEK's newest version.")
@click.option(
    "--older-than-version", "below", metavar="N", type=click.IntRange(min=1), help="Only keys older than it."
)
@click.option("--rotate-kek", is_flag=True, help="Make a new version of the KEK first; needs a role that may.")
@dry_run_option
@actor_option
@json_option
@click.pass_obj
def rewrap(session: Session, below: int | None, rotate_kek: bool, dry_run: bool, actor: str, as_json: bool) -> int:
    """Have the KEK wrap every data key under its newest version, 160 in a request. Keys and data stay as they are.

    Each key is unwrapped again and compared with its id before the new wrapping replaces the old one. Exits with 6
    where keys were left because that failed.
    """
    with open_operations(session, actor) as operations:
        result = operations.rewrap(below=below, rotate_kek=rotate_kek, dry_run=dry_run)
    if as_json:
        write_json(rewrap_as_json(result))
    else:
        say_rewrap(result, "rewrapped", "were new enough", dry_run=dry_run)
    return ending(result.refused)
