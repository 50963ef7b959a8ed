"""`fieldvault passwords`: a table of legacy passwords to Argon2id, without waiting for logins."""

from __future__ import annotations

import click

from fieldvault.cli.passwords.cmd_calibrate import calibrate
from fieldvault.cli.passwords.cmd_expire import expire
from fieldvault.cli.passwords.cmd_identify import identify
from fieldvault.cli.passwords.cmd_migrate import migrate
from fieldvault.cli.passwords.cmd_prove import prove
from fieldvault.cli.passwords.cmd_report import report


@click.group(short_help="Bring a table of MD5 passwords to Argon2id.")
def passwords() -> None:
    """Bring a table of MD5 passwords to Argon2id, without waiting for logins.

    The table is declared in [passwords] of the configuration file. In this order: identify what is there, declare
    what has no marker, prove it on passwords that you know, migrate, report; at the deadline, expire.
    """


for _command in (identify, prove, calibrate, migrate, report, expire):
    passwords.add_command(_command)

__all__ = ["passwords"]
