"""`fieldvault keys`: the data keys in the key store. Nothing here needs the KEK."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.console import say, show_table, write_json
from fieldvault.cli.session import Session

if TYPE_CHECKING:
    from fieldvault.ports import DataKeyRecord


@click.group(short_help="List data keys; create the key store's tables.")
def keys() -> None:
    """List data keys; create the key store's tables."""


@keys.command("list", cls=Command)
@click.option("--tenant", metavar="TENANT", help="Only this tenant's keys.")
@json_option
@click.pass_obj
def list_(session: Session, tenant: str | None, as_json: bool) -> None:
    """List data keys: scope, version, state, KEK, age, and how much of their limit is used.

    `uses` counts encryptions reserved, in blocks, by all processes so far. At rotate_at a new key is made.
    """
    store, limit = session.keystore, session.config.policy.refuse_at
    scopes = [scope for scope in store.scopes() if tenant is None or scope.tenant == tenant]
    records = [record for scope in scopes for record in store.data_keys(scope)]
    if as_json:
        for record in records:
            write_json(_as_json(record, limit))
        return
    columns = ["scope", "version", "state", "key id", "KEK", "KEK version", "age", "uses", "of limit"]
    if records:
        now = datetime.now(UTC)
        show_table(
            columns, [_cells(record, limit, now) for record in records], right=("version", "uses", "of limit")
        )
    say(f"{len(records):,} data key{'' if len(records) == 1 else 's'} in {len(scopes):,} scope(s)")


@keys.command("create-tables", cls=Command)
@click.pass_obj
def create_tables(session: Session) -> None:
    """Create the key store's tables where they do not exist yet."""
    session.keystore.create()
    say("the key store's tables are there")


def _cells(record: DataKeyRecord, limit: int, now: datetime) -> list[str]:
    from fieldvault.cli.key_lookup import kek_version

    version = kek_version(record)
    return [
        str(record.scope),
        str(record.version),
        record.state.value,
        record.key_id.hex(),
        record.kek,
        "-" if version is None else str(version),
        _age((now - record.created_at).total_seconds()),
        f"{record.uses:,}",
        f"{record.uses / limit:.2%}",
    ]


def _as_json(record: DataKeyRecord, limit: int) -> dict[str, object]:
    from fieldvault.cli.key_lookup import kek_version

    return {
        "tenant": record.scope.tenant,
        "purpose": record.scope.purpose,
        "version": record.version,
        "state": record.state.value,
        "key_id": record.key_id.hex(),
        "kek": record.kek,
        "kek_version": kek_version(record),
        "created_at": record.created_at.isoformat(),
        "uses": record.uses,
        "limit": limit,
    }


def _age(seconds: float) -> str:
    """In the largest unit that makes at least two of it."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} seconds"
