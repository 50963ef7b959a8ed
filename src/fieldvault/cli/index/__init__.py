"""`fieldvault index`: from one index key to the next, while the application goes on."""

from __future__ import annotations

import click

from fieldvault.cli.index.cmd_backfill import backfill
from fieldvault.cli.index.cmd_md5 import upgrade_md5
from fieldvault.cli.index.cmd_status import status
from fieldvault.cli.index.cmd_steps import advance, start


@click.group(short_help="Rotate a tenant's index keys without missing a row or letting a duplicate in.")
def index() -> None:
    """Rotate a tenant's index keys, while the application goes on writing and searching.

    The tables are declared in [rotation] of the configuration file. In this order: start; advance to backfill, run
    the backfill; advance to cut-over, backfill; advance to drop, backfill; advance to stable. `status` says what is
    next. Each step waits until every process knows the one before, and until no row is left.

    Apart from that, upgrade-md5 makes index values from a legacy column of MD5 digests.
    """


for _command in (status, start, advance, backfill, upgrade_md5):
    index.add_command(_command)

__all__ = ["index"]
