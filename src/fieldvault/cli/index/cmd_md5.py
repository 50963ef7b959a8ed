"""`fieldvault index upgrade-md5`: from a legacy column `md5(email)` to keyed index values."""

from __future__ import annotations

import click

from fieldvault.cli.command import Command, json_option, schema_option, tenant_option
from fieldvault.cli.console import say, write_json
from fieldvault.cli.exit_codes import ExitCode
from fieldvault.cli.session import Session

SHOWN_KEYS = 5


@click.command(cls=Command, short_help="Index a legacy column of MD5 digests, without the plaintext.")
@click.argument("table")
@click.option("--field", required=True, metavar="FIELD", help="The sealed field with the index of kind md5.")
@click.option("--column", required=True, metavar="COLUMN", help="The column of digests.")
@click.option("--index", "index", metavar="NAME", help="Which index of the field, if it has several.")
@click.option(
    "--tenant-column", metavar="COLUMN", help="Whose a row is, where rows of several tenants are in TABLE."
)
@schema_option
@tenant_option
@click.option("--clear", is_flag=True, help="Set the digests to NULL. Refused while a row has no index value.")
@click.option("--dry-run", is_flag=True, help="Say how far it is; write nothing.")
@click.option(
    "--batch", type=click.IntRange(1, 100_000), default=500, show_default=True, help="Rows a transaction."
)
@json_option
@click.pass_obj
def upgrade_md5(
    session: Session,
    table: str,
    field: str,
    column: str,
    index: str | None,
    tenant_column: str | None,
    schema: str | None,
    tenant: str | None,
    clear: bool,
    dry_run: bool,
    batch: int,
    as_json: bool,
) -> int:
    """Write the index values of TABLE's rows from their MD5 digests. TABLE is in [database], and is keyed by the
    schema's row_id.

    A run that ended in any way is resumed by the same command. Run it again once the last writer that knows
    only the digests is gone, until it writes nothing. Exits with 6 where cells are no digests, or duplicates.
    """
    from fieldvault.columns.form import BinaryForm
    from fieldvault.rotation import Md5Upgrade

    cipher = session.cipher(schema, tenant, BinaryForm())
    engine = session.config.database_engine()
    try:
        upgrade = Md5Upgrade(
            cipher, engine, table, field=field, legacy_column=column, index=index, tenant_column=tenant_column
        )
        if dry_run:
            return _say_phase(upgrade.phase.value, upgrade.rows_left(), as_json=as_json)
        if clear:
            cleared = upgrade.clear()
            say(f"{cleared:,} digests", label="cleared", style="green")
            return _say_phase(upgrade.phase.value, 0, as_json=as_json)
        result = upgrade.backfill(batch=batch)
        for what, keys in (("no MD5 digest", result.refused), ("a value of another row", result.duplicates)):
            if keys:
                shown = "; ".join(", ".join(map(str, key)) for key in keys[:SHOWN_KEYS])
                say(f"{len(keys):,} rows have {what}, e.g. {shown}", label="left", style="yellow")
        say(f"{result.written:,} rows", label="written", style="green")
        _say_phase(upgrade.phase.value, upgrade.rows_left(), as_json=as_json, written=result.written)
        return ExitCode.PARTIAL if result.refused or result.duplicates else ExitCode.OK
    finally:
        engine.dispose()


def _say_phase(phase: str, left: int, *, as_json: bool, written: int | None = None) -> int:
    if as_json:
        found = {"phase": phase, "rows_left": left}
        write_json(found if written is None else found | {"written": written})
    else:
        say(f"{left:,} rows have a digest and no index value", label=phase, style="bold")
    return ExitCode.OK
