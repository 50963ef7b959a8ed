"""`fieldvault passwords expire`: end what was never upgraded, for those who have not come back."""

from __future__ import annotations

from contextlib import suppress

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.console import say, write_json
from fieldvault.cli.passwords.desk import open_desk
from fieldvault.cli.session import Session


@click.command(cls=Command, short_help="Make old hashes of dormant rows unusable.")
@click.option(
    "--before", metavar="DATE", required=True, help="Rows whose last login is before this (ISO 8601, UTC)."
)
@click.option("--never-logged-in", is_flag=True, help="Also rows without a last login.")
@click.option("--yes", is_flag=True, help="Do it; without this, only count.")
@json_option
@click.pass_obj
def expire(session: Session, before: str, never_logged_in: bool, yes: bool, as_json: bool) -> None:
    """Make legacy and wrapped hashes of dormant rows unusable. Their owners set a new password as if forgotten.

    [passwords] names the column: last_login. Without --yes nothing is written. A row that was used or changed
    meanwhile is kept. There is no way back but a backup.
    """
    from fieldvault.config.passwords import given_date
    from fieldvault.password_migration import Dormancy, survey
    from fieldvault.password_migration import expire as expire_rows

    moment = None
    with suppress(ValueError):
        moment = given_date(before)
    if moment is None:
        raise click.BadParameter("not a date; for example 2026-06-30", param_hint="--before")
    with open_desk(session, last_login=True) as desk:
        dormancy = Dormancy(desk.config.last_login or "", moment, never=never_logged_in)
        if not yes:
            counted = survey(desk.database, desk.table, desk.sorter, dormancy=dormancy).dormant
            labels = {f"{kind.value}: {label}": count for (kind, label), count in sorted(counted.items())}
            kept = 0
        else:
            done = expire_rows(desk.database, desk.table, desk.sorter, dormancy)
            labels, kept = dict(sorted(done.expired.items())), done.kept
    total = sum(labels.values())
    if as_json:
        write_json({"written": yes, "rows": total, "kept": kept, "counts": labels})
        return
    for label, count in labels.items():
        say(f"{label}: {count:,} rows")
    if kept:
        say(f"{kept:,} rows were used or changed meanwhile, and kept")
    say(f"{total:,} rows expired" if yes else f"{total:,} rows would expire; nothing was written (--yes does it)")
