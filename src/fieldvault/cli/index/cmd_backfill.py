"""`fieldvault index backfill`: the rows that the next step waits for."""

from __future__ import annotations

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.console import say, write_json
from fieldvault.cli.exit_codes import ExitCode
from fieldvault.cli.index.desk import open_rotation, scope_options
from fieldvault.cli.index.showing import backfill_progress
from fieldvault.cli.session import Session

SHOWN_KEYS = 5


@click.command(cls=Command, short_help="Bring the rows to what the phase needs; resumes where it stopped.")
@scope_options
@click.option("--dry-run", is_flag=True, help="Count the rows; write nothing.")
@click.option(
    "--batch", type=click.IntRange(1, 100_000), default=500, show_default=True, help="Rows a transaction."
)
@json_option
@click.pass_obj
def backfill(
    session: Session, tenant: str | None, is_global: bool, dry_run: bool, batch: int, as_json: bool
) -> int:
    """Write the index columns of every row that the next step waits for.

    A run that ended in any way (also by kill -9) is resumed by the same command. A row that is changed meanwhile is
    left to whoever changed it. Exits with 6 where rows are left that cannot be opened, or whose value another row
    has.
    """
    from fieldvault.rotation import Backfill

    with open_rotation(session, tenant, is_global=is_global) as rotation:
        if dry_run:
            left = dict(rotation.rows_left())
            if as_json:
                write_json({"rows_left": left})
            for table, rows in left.items():
                say(f"{table}: {rows:,} rows would be written")
            return ExitCode.OK
        try:
            with backfill_progress() as on_progress:
                result = Backfill(session.keyrings, rotation, batch=batch, on_progress=on_progress).run()
        except KeyboardInterrupt:
            say(
                "interrupted; what was written stays, and the same command goes on", label="error", style="bold red"
            )
            return ExitCode.INTERRUPTED
    if as_json:
        write_json(
            {
                "written": result.written,
                "cleared": result.cleared,
                "changed_meanwhile": result.changed_meanwhile,
                "refused": {table: len(keys) for table, keys in result.refused.items()},
                "duplicates": {table: len(keys) for table, keys in result.duplicates.items()},
                "left": result.left,
            }
        )
    say(f"{result.written:,} rows", label="written", style="green")
    if result.cleared:
        say(f"{result.cleared:,} rows of persons who were erased", label="cleared", style="bold")
    for what, found in (("cannot be opened", result.refused), ("have a value of another row", result.duplicates)):
        for table, keys in found.items():
            shown = "; ".join(", ".join(map(str, key)) for key in keys[:SHOWN_KEYS])
            say(f"{table}: {len(keys):,} rows {what}, e.g. {shown}", label="left", style="yellow")
    return ExitCode.PARTIAL if result.left else ExitCode.OK
