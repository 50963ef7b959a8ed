"""`fieldvault keys`: what the key store holds, and all that is done to it."""

from __future__ import annotations

import click

from fieldvault.cli.keys.cmd_epoch import epoch
from fieldvault.cli.keys.cmd_list import create_tables, list_
from fieldvault.cli.keys.cmd_move import move
from fieldvault.cli.keys.cmd_retire import retire
from fieldvault.cli.keys.cmd_rewrap import rewrap
from fieldvault.cli.keys.cmd_rotate import rotate
from fieldvault.cli.keys.cmd_shred import shred


@click.group(short_help="List, rotate, rewrap, move, retire and shred data keys.")
def keys() -> None:
    """List data keys; rotate, rewrap, move, retire and shred them; create the key store's tables.

    rotate makes new data keys, and the data stays under the old ones until it is encrypted anew. rewrap keeps the
    data keys and wraps them under the KEK's newest version. retire destroys a key that nothing needs; shred
    destroys keys so that what they sealed is gone. One run at a time; what was killed is repeated by the same
    command.
    """


for _command in (list_, create_tables, rotate, rewrap, retire, shred, epoch, move):
    keys.add_command(_command)

__all__ = ["keys"]
