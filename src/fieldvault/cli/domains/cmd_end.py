"""`fieldvault domains rotate` and `discard`."""

from __future__ import annotations

import click

from fieldvault.cli.command import Command, json_option, tenant_option
from fieldvault.cli.console import say, write_json
from fieldvault.cli.domains.showing import actor_option, name_argument, reason_option
from fieldvault.cli.session import Session


@click.command(cls=Command, short_help="Make a new key for a domain. Joins break.")
@name_argument
@tenant_option
@reason_option
@actor_option
@json_option
@click.pass_obj
def rotate(session: Session, domain: str, tenant: str | None, reason: str, actor: str, as_json: bool) -> None:
    """Make a new key for what DOMAIN pseudonymises from now on. Old tokens stay reversible.

    JOINS BREAK: the same person gets another token than before. For a key that leaked, make a new domain rather,
    and discard this one.
    """
    record = session.domain(domain, tenant).rotate(reason=reason, actor=actor)
    if as_json:
        write_json({"domain": domain, "tenant": tenant, "version": record.version, "key_id": record.key_id.hex()})
        return
    say(f"the domain {domain} has key {record.version} now; new tokens do not join with those of before")


@click.command(cls=Command, short_help="Destroy a domain's keys: its pseudonyms become anonymous.")
@name_argument
@tenant_option
@reason_option
@actor_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def discard(
    session: Session, domain: str, tenant: str | None, reason: str, actor: str, yes: bool, as_json: bool
) -> None:
    """Destroy the keys of DOMAIN, and its token table's rows. Nobody can reidentify its pseudonyms then, nor make
    more.

    CANNOT BE UNDONE. Other processes notice within the keyring's cache_seconds. The record that is printed, and the
    events in the audit log, are the evidence.
    """
    if not yes:
        click.confirm(f"Destroy the keys of {domain} for ever?", abort=True, err=True)
    done = session.domain(domain, tenant).discard(reason=reason, actor=actor)
    if as_json:
        write_json(
            {
                "domain": done.domain,
                "tenant": done.tenant,
                "key_ids": [key_id.hex() for key_id in done.key_ids],
                "at": done.at.isoformat(),
                "reason": done.reason,
                "tokens_erased": done.tokens_erased,
            }
        )
        return
    keys = f"{len(done.key_ids)} key(s) destroyed"
    say(f"the domain {domain} is discarded: {keys}, {done.tokens_erased:,} tokens erased")
