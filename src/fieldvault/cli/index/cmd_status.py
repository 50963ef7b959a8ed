"""`fieldvault index status`: the phase, what is left, and what to do next."""

from __future__ import annotations

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.console import say, write_json
from fieldvault.cli.index.desk import open_rotation, scope_options
from fieldvault.cli.index.showing import NEXT, say_state, show_versions, state_as_json
from fieldvault.cli.session import Session


@click.command(cls=Command, short_help="The phase, the rows on each version, and what is next.")
@scope_options
@json_option
@click.pass_obj
def status(session: Session, tenant: str | None, is_global: bool, as_json: bool) -> None:
    """Show the phase of the rotation, how many rows are on which version, and what is left. Changes nothing."""
    with open_rotation(session, tenant, is_global=is_global) as rotation:
        state, left = rotation.state, rotation.rows_left()
        if as_json:
            versions = {
                table: {column: {str(v): n for v, n in of.items()} for column, of in columns.items()}
                for table, columns in rotation.rows_by_version().items()
            }
            write_json(state_as_json(state) | {"rows_left": dict(left), "rows_by_version": versions})
            return
        show_versions(rotation)
        say_state(state)
        for table, rows in left.items():
            say(f"{table}: {rows:,} rows left for the next step")
        say(NEXT[state.phase], label="next", style="bold")
