"""`fieldvault keys list` and `create-tables`. Nothing here needs the KEK."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.console import say, show_table, write_json
from fieldvault.cli.keys.desk import rows_left
from fieldvault.cli.session import Session

if TYPE_CHECKING:
    from fieldvault.ports import DataKeyRecord

RIGHT = ("version", "KEK version", "uses", "of limit", "rows left")


@click.command("list", cls=Command, short_help="List data keys.")
@click.option("--tenant", metavar="TENANT", help="Only this tenant's keys.")
@click.option("--rows", "with_rows", is_flag=True, help="Count what needs each key; reads the declared tables.")
@json_option
@click.pass_obj
def list_(session: Session, tenant: str | None, with_rows: bool, as_json: bool) -> None:
    """List data keys: scope, version, state, KEK, age, and how much of their limit is used.

    `uses` counts encryptions reserved, in blocks, by all processes so far. At rotate_at a new key is made. `rows
    left` counts rows of the tables in [rotation], for the purpose `subjects` subject keys.
    """
    store, limit = session.keystore, session.config.policy.refuse_at
    scopes = [scope for scope in store.scopes() if tenant is None or scope.tenant == tenant]
    records = [record for scope in scopes for record in store.data_keys(scope)]
    rows = rows_left(session, records) if with_rows else {}
    if as_json:
        for record in records:
            left = {"rows_left": rows.get(record.key_id)} if with_rows else {}
            write_json(_as_json(record, limit) | left)
        return
    columns = ["scope", "version", "state", "key id", "KEK", "KEK version", "age", "uses", "of limit"]
    if records:
        now = datetime.now(UTC)
        cells = [_cells(record, limit, now) for record in records]
        if with_rows:
            columns.append("rows left")
            for line, record in zip(cells, records, strict=True):
                left_here = rows.get(record.key_id)
                line.append("-" if left_here is None else f"{left_here:,}")
        show_table(columns, cells, right=RIGHT)
    say(f"{len(records):,} data key{'' if len(records) == 1 else 's'} in {len(scopes):,} scope(s)")


@click.command("create-tables", cls=Command, short_help="Create the key store's tables.")
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
