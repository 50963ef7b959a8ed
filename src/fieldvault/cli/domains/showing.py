"""Options that the commands of domains share, and a domain's keys as JSON."""

from __future__ import annotations

import getpass
import os
from typing import Any

import click

domain_option = click.option("--domain", required=True, metavar="DOMAIN", help="The recipient or purpose.")
name_argument = click.argument("domain", metavar="DOMAIN")


def who() -> str:
    """The account that runs the command, for the audit log."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"


actor_option = click.option("--actor", default=who, help="Who asks for it; by default the account that runs this.")
reason_option = click.option("--reason", required=True, help="What for: it is recorded in the audit log.")


def states(versions: dict[int, Any]) -> str:
    """`1 decrypt-only, 2 active`."""
    return ", ".join(f"{version} {state.value}" for version, state in versions.items()) or "never made"
