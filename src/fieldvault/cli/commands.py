"""The commands by name. Each module imports only click and what is light; the rest when it runs."""

from __future__ import annotations

import click

from fieldvault.cli.audit import audit
from fieldvault.cli.cmd_demo import demo
from fieldvault.cli.cmd_doctor import doctor
from fieldvault.cli.cmd_find import find
from fieldvault.cli.cmd_init import init
from fieldvault.cli.cmd_inspect import inspect
from fieldvault.cli.cmd_lint import lint
from fieldvault.cli.cmd_plan import plan
from fieldvault.cli.cmd_pseudonymise import pseudonymise, reidentify
from fieldvault.cli.cmd_seal import open_, seal
from fieldvault.cli.domains import domains
from fieldvault.cli.index import index
from fieldvault.cli.keys import keys
from fieldvault.cli.passwords import passwords
from fieldvault.cli.reencrypt import reencrypt

COMMANDS: dict[str, click.Command] = {
    "init": init,
    "seal": seal,
    "open": open_,
    "find": find,
    "inspect": inspect,
    "pseudonymise": pseudonymise,
    "reidentify": reidentify,
    "domains": domains,
    "keys": keys,
    "plan": plan,
    "lint": lint,
    "index": index,
    "reencrypt": reencrypt,
    "audit": audit,
    "passwords": passwords,
    "doctor": doctor,
    "demo": demo,
}
