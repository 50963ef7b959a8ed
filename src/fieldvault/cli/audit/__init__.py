"""`fieldvault audit`: is the audit log whole, and what does it say?"""

from __future__ import annotations

import click

from fieldvault.cli.audit.cmd_checkpoint import checkpoint
from fieldvault.cli.audit.cmd_show import show
from fieldvault.cli.audit.cmd_verify import verify


@click.group(short_help="Verify and read the audit log.")
def audit() -> None:
    """Verify and read the audit log of [audit].

    Each entry is chained to the one before it under a key that the KEK wraps, and the last one is noted beside the
    wrapped keys: an edit, a removal, another order and a cut end all show.
    """


for _command in (verify, checkpoint, show):
    audit.add_command(_command)

__all__ = ["audit"]
