"""`fieldvault keys shred`: destroy keys, so that what they sealed is gone."""

from __future__ import annotations

import click

from fieldvault.cli.command import Command, json_option, schema_option
from fieldvault.cli.domains.showing import actor_option
from fieldvault.cli.keys.desk import ask, asking_options, open_operations, reason_option
from fieldvault.cli.keys.showing import show_destroyed
from fieldvault.cli.session import Session
from fieldvault.errors import ConfigurationError


@click.command(cls=Command, short_help="Destroy the keys of a tenant or a person: their data is gone.")
@click.option("--tenant", metavar="TENANT", help="All keys of this tenant; with --subject, whose person it is.")
@click.option("--subject", metavar="ID", help="The person's keys only: the value of the schema's subject field.")
@schema_option
@reason_option
@asking_options
@actor_option
@json_option
@click.pass_obj
def shred(
    session: Session,
    tenant: str | None,
    subject: str | None,
    schema: str | None,
    reason: str | None,
    dry_run: bool,
    yes: bool,
    actor: str,
    as_json: bool,
) -> None:
    """Destroy every key of a tenant, or the key of one person. What they sealed is gone, in every copy of the data.

    CANNOT BE UNDONE. Other processes notice within the keyring's cache_seconds. The record that is printed, and the
    event in the audit log, are the evidence. Backups of the key store have the keys still, until `keys epoch`.
    """
    if subject is None:
        if tenant is None:
            raise click.UsageError("say what: --tenant TENANT, or --subject ID of a --schema")
        ask(f"Destroy all keys of the tenant {tenant} for ever?", yes=yes, dry_run=dry_run)
        with open_operations(session, actor) as operations:
            done = operations.shred_tenant(tenant, reason=reason, dry_run=dry_run)
    else:
        name = _subject_name(session, schema, subject)
        ask("Destroy this person's key for ever?", yes=yes, dry_run=dry_run)
        with open_operations(session, actor) as operations:
            done = operations.shred_subjects(tenant, [name], reason=reason, dry_run=dry_run)
    show_destroyed(done, as_json=as_json, dry_run=dry_run)


def _subject_name(session: Session, schema: str | None, subject: str) -> str:
    declared = session.config.schema(schema)
    if declared.subject is None:
        raise ConfigurationError(
            f"{declared.name} has no subject: its fields are under the tenant's keys", hint="[schema.NAME] subject"
        )
    codec = declared.plain[declared.subject.field].codec
    return declared.subject.name_of(codec.from_text(subject), codec)
