"""`fieldvault passwords report`: what is left on which scheme, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.console import say, write_json
from fieldvault.cli.exit_codes import ExitCode
from fieldvault.cli.passwords.desk import open_desk
from fieldvault.cli.passwords.showing import show_survey, survey_as_json
from fieldvault.cli.session import Session


@click.command(cls=Command, short_help="What is left on which scheme, and the deadline.")
@click.option(
    "--dormant-days",
    type=click.IntRange(1, 36_500),
    help="Count rows without a login for so long; [passwords] names the column, last_login.",
)
@json_option
@click.pass_obj
def report(session: Session, dormant_days: int | None, as_json: bool) -> int:
    """Count what is left on which scheme, against the deadline. Exits with 1 where that is past and rows are left.

    A wrapped row is safe at rest; it is plain Argon2id after its owner's next login. After the deadline, expire
    those who never came back.
    """
    from fieldvault.password_migration import Dormancy, Kind, survey

    now = datetime.now(UTC)
    with open_desk(session, last_login=dormant_days is not None) as desk:
        deadline, dormancy = desk.config.deadline, None
        if dormant_days is not None and desk.config.last_login is not None:
            dormancy = Dormancy(desk.config.last_login, now - timedelta(days=dormant_days), never=True)
        found = survey(desk.database, desk.table, desk.sorter, dormancy=dormancy)
    legacy = found.of(Kind.LEGACY, Kind.UNDECLARED, Kind.AMBIGUOUS)
    wrapped = found.of(Kind.WRAPPED)
    late = deadline is not None and now >= deadline and bool(legacy + wrapped)
    if as_json:
        write_json(
            {
                "rows": found.rows,
                "legacy": legacy,
                "wrapped": wrapped,
                "deadline": None if deadline is None else deadline.isoformat(),
                "past_deadline": late,
                "counts": survey_as_json(found),
            }
        )
    else:
        show_survey(found, dormant=dormancy is not None)
        say(f"{legacy:,} legacy and {wrapped:,} wrapped of {found.rows:,} rows in {desk.table.declared.name}")
        if deadline is not None:
            days = (deadline - now).days
            say(
                f"the deadline is {deadline:%Y-%m-%d}" + (f", in {days:,} days" if days >= 0 else ", which is past")
            )
        if late:
            say("rows are left past the deadline: fieldvault passwords expire", label="overdue", style="bold red")
    return ExitCode.REFUSED if late else ExitCode.OK
