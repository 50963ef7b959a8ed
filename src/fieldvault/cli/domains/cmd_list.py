"""`fieldvault domains list`. Needs no KEK."""

from __future__ import annotations

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.console import say, show_table, write_json
from fieldvault.cli.session import Session


@click.command("list", cls=Command, short_help="List domains.")
@click.option("--tenant", metavar="TENANT", help="Only this tenant's domains.")
@json_option
@click.pass_obj
def list_(session: Session, tenant: str | None, as_json: bool) -> None:
    """List the domains that were made: tenant, keys, and whether they are active or discarded."""
    from fieldvault.ports import KeyState
    from fieldvault.pseudonyms.place import domain_of

    store = session.keystore
    rows: list[list[str]] = []
    for scope in store.scopes():
        name = domain_of(scope)
        if name is None or tenant not in (None, scope.tenant):
            continue
        records = store.data_keys(scope)
        active = any(record.state is KeyState.ACTIVE for record in records)
        state = "active" if active else "discarded"
        if as_json:
            keys = [
                {
                    "version": record.version,
                    "state": record.state.value,
                    "key_id": record.key_id.hex(),
                    "created_at": record.created_at.isoformat(),
                }
                for record in records
            ]
            write_json({"domain": name, "tenant": scope.tenant, "state": state, "keys": keys})
        rows.append(
            [name, scope.tenant or "(global)", state, str(len(records)), f"{records[0].created_at:%Y-%m-%d}"]
        )
    if as_json:
        return
    if rows:
        show_table(["domain", "tenant", "state", "keys", "made"], rows, right=("keys",))
    say(f"{len(rows):,} domain{'' if len(rows) == 1 else 's'}")
