"""`fieldvault domains`: make, list, link, rotate and discard the domains that pseudonyms belong to."""

from __future__ import annotations

import click

from fieldvault.cli.domains.cmd_create import create, create_table
from fieldvault.cli.domains.cmd_end import discard, rotate
from fieldvault.cli.domains.cmd_link import link
from fieldvault.cli.domains.cmd_list import list_


@click.group(short_help="Make, list, link and discard domains of pseudonyms.")
def domains() -> None:
    """A domain is a recipient or a purpose: its pseudonyms join with each other and with nothing else."""


for _command in (create, create_table, list_, link, rotate, discard):
    domains.add_command(_command)
