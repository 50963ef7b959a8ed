"""The commands by name. Each module imports only click and what is light; the rest when it runs."""

from __future__ import annotations

import click

from fieldvault.cli.cmd_demo import demo
from fieldvault.cli.cmd_doctor import doctor
from fieldvault.cli.cmd_find import find
from fieldvault.cli.cmd_init import init
from fieldvault.cli.cmd_inspect import inspect
from fieldvault.cli.cmd_keys import keys
from fieldvault.cli.cmd_seal import open_, seal
from fieldvault.cli.passwords import passwords

COMMANDS: dict[str, click.Command] = {
    "init": init,
    "seal": seal,
    "open": open_,
    "find": find,
    "inspect": inspect,
    "keys": keys,
    "passwords": passwords,
    "doctor": doctor,
    "demo": demo,
}
