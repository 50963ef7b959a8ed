"""`fieldvault passwords identify`: what the column holds, by shape. Nothing is written."""

from __future__ import annotations

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.console import say, write_json
from fieldvault.cli.passwords.desk import open_desk
from fieldvault.cli.passwords.showing import show_survey, survey_as_json
from fieldvault.cli.session import Session


@click.command(cls=Command, short_help="Count rows by shape; name suspicious ones.")
@click.option("--ids", type=click.IntRange(min=0), default=0, help="Name the ids of up to so many suspicious rows.")
@json_option
@click.pass_obj
def identify(session: Session, ids: int, as_json: bool) -> None:
    """Count the rows by what they hold. Nothing is written, and no digest is shown.

    A shape is evidence, not proof: 32 hexadecimal digits are `hex-32`, whatever made them. Which scheme it is, you
    declare in [passwords.scheme.NAME].
    """
    from fieldvault.password_migration import survey

    with open_desk(session) as desk:
        found = survey(desk.database, desk.table, desk.sorter, ids=ids)
    if as_json:
        suspicious = [{"what": label, "id": [str(part) for part in row]} for label, row in found.suspicious]
        write_json({"rows": found.rows, "counts": survey_as_json(found), "suspicious": suspicious})
        return
    show_survey(found)
    for label, row in found.suspicious:
        say(f"{', '.join(map(str, row))}: {label}", label="row", style="yellow")
    say(f"{found.rows:,} rows in {desk.table.declared.name}")
