"""`fieldvault audit checkpoint`: what must stay true of the log, to be kept elsewhere."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from fieldvault.cli.command import Command
from fieldvault.cli.console import say
from fieldvault.cli.session import Session
from fieldvault.errors import AuditError


@click.command(cls=Command, short_help="Write a checkpoint, signed where [audit] sign_key says so.")
@click.pass_obj
def checkpoint(session: Session) -> None:
    """Write one line to stdout: the number and the MAC of the log's last entry, and the Vault's signature.

    Keep it where this host cannot write: another host, a mailbox, an object store with a retention lock.
    """
    from fieldvault import audit

    config = session.audit_config
    head = session.keystore.audit_head(config.name)
    if head is None:
        raise AuditError(f"the audit log {config.name} has no entry yet")
    signer = session.audit_signer
    made = audit.checkpoint(head, at=datetime.now(UTC), signer=signer)
    sys.stdout.write(made.text() + "\n")
    signed = "not signed: [audit] has no sign_key" if signer is None else f"signed by {signer.name}"
    say(f"entry {head.seq:,} of {config.name}, {signed}")
