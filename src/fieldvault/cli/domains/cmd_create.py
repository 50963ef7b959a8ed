"""`fieldvault domains create` and `create-table`."""

from __future__ import annotations

import click

from fieldvault.cli.command import Command, json_option, tenant_option
from fieldvault.cli.console import say, write_json
from fieldvault.cli.domains.showing import actor_option, name_argument
from fieldvault.cli.session import Session
from fieldvault.errors import ConfigurationError


@click.command(cls=Command, short_help="Make a domain.")
@name_argument
@tenant_option
@click.option("--reason", help="What the domain is for; recorded where there is an audit log.")
@actor_option
@json_option
@click.pass_obj
def create(
    session: Session, domain: str, tenant: str | None, reason: str | None, actor: str, as_json: bool
) -> None:
    """Make DOMAIN, unless it is there. A name that was discarded is not used again."""
    record = session.domain(domain, tenant).create(reason=reason, actor=actor)
    if as_json:
        write_json({"domain": domain, "tenant": tenant, "version": record.version, "key_id": record.key_id.hex()})
        return
    say(f"the domain {domain} is there, with key {record.key_id.hex()}")


@click.command("create-table", cls=Command, short_help="Create a domain's token table.")
@name_argument
@click.pass_obj
def create_table(session: Session, domain: str) -> None:
    """Create the token table that [domain.DOMAIN] names, where it does not exist yet. For look-up tokens."""
    declared = session.config.domains.get(domain)
    if declared is None or declared.table is None:
        raise ConfigurationError(f"the domain {domain} has no token table", hint=f'[domain.{domain}] url = "…"')
    with declared.table.build() as table:
        table.create()
    say("the token table is there")
