"""`fieldvault keys retire`: destroy a key that nothing needs."""

from __future__ import annotations

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.domains.showing import actor_option
from fieldvault.cli.keys.desk import ask, asking_options, key_id_of, open_counters, open_operations
from fieldvault.cli.keys.showing import show_destroyed
from fieldvault.cli.session import Session


@click.command(cls=Command, short_help="Destroy a data key that no row needs any more.")
@click.argument("key_id", metavar="KEY_ID")
@asking_options
@actor_option
@json_option
@click.pass_obj
def retire(session: Session, key_id: str, dry_run: bool, yes: bool, actor: str, as_json: bool) -> None:
    """Destroy KEY_ID, a key that only opens. Refused while a row of the tables in [rotation] is sealed under it, or
    a subject key wrapped; while it is primary; and while a process may still seal under it.

    All places where its envelopes are must be declared: files, exports and other databases are not counted.
    """
    wanted = key_id_of(key_id)
    with open_operations(session, actor) as operations, open_counters(session) as counters:
        if not (yes or dry_run):
            operations.retire(wanted, counters, dry_run=True)  # no question about what would be refused
        ask(f"Destroy the key {key_id} for ever?", yes=yes, dry_run=dry_run)
        done = operations.retire(wanted, counters, dry_run=dry_run)
    show_destroyed(done, as_json=as_json, dry_run=dry_run)
