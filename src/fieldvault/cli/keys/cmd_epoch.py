"""`fieldvault keys epoch`: old backups of the key store open nothing any more."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.console import say, write_json
from fieldvault.cli.domains.showing import actor_option
from fieldvault.cli.keys.desk import ask, asking_options, open_operations
from fieldvault.cli.keys.showing import ending, rewrap_as_json, say_rewrap
from fieldvault.cli.session import Session
from fieldvault.errors import KeyNotSettled

if TYPE_CHECKING:
    from fieldvault.rotation.keys import EpochResult, KeyOperations


@click.command(cls=Command, short_help="Rewrap all keys, then delete the KEK's older versions.")
@click.option("--rotate-kek", is_flag=True, help="Make a new version of the KEK first.")
@click.option("--wait", is_flag=True, help="Wait until a key of the version before cannot be on its way any more.")
@asking_options
@actor_option
@json_option
@click.pass_obj
def epoch(
    session: Session, rotate_kek: bool, wait: bool, dry_run: bool, yes: bool, actor: str, as_json: bool
) -> int:
    """Rewrap every data key, have the KEK unwrap nothing older, and delete its older versions: a backup of the key
    store from before opens nothing any more.

    CANNOT BE UNDONE. Make a new backup of the key store at once. To end erased persons' keys in old backups too,
    first rotate the purpose `subjects` and retire its old keys. Needs a KEK that is used by this key store only.
    """
    with open_operations(session, actor) as operations:
        ask("Delete the KEK's older versions, and with them all older backups?", yes=yes, dry_run=dry_run)
        result = _begun(operations, rotate_kek=rotate_kek, wait=wait, dry_run=dry_run)
    if as_json:
        write_json(
            {
                "kek": result.kek,
                "newest": result.newest,
                "closed": result.closed,
                "keys": rewrap_as_json(result.rewrapped),
                "old_wrapping_keys": [key_id.hex() for key_id in result.old_wrapping_keys],
            }
        )
        return ending(result.rewrapped.refused)
    say_rewrap(result.rewrapped, "rewrapped", "were new enough", dry_run=dry_run)
    if result.closed:
        say(f"version 1 to {result.closed} of {result.kek} {'would be' if dry_run else 'are'} deleted")
    else:
        say(f"{result.kek} has no older version than {result.newest}")
    if result.old_wrapping_keys:
        say(
            f"{len(result.old_wrapping_keys):,} old keys of the purpose subjects are not retired: with a copy of "
            "the subject keys from before, erased persons could be opened",
            label="warning",
            style="yellow",
        )
    return ending(result.rewrapped.refused)


def _begun(operations: KeyOperations, *, rotate_kek: bool, wait: bool, dry_run: bool) -> EpochResult:
    while True:
        try:
            return operations.begin_epoch(rotate_kek=rotate_kek, dry_run=dry_run)
        except KeyNotSettled as early:
            if not wait:
                raise
            say(f"waiting {early.seconds_left:.0f} seconds")
            time.sleep(max(0.1, early.seconds_left))
        rotate_kek = False  # it was
