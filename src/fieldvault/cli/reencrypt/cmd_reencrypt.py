"""`fieldvault reencrypt`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.console import say
from fieldvault.cli.exit_codes import ExitCode
from fieldvault.cli.reencrypt.formats import FORMATS, PADDINGS, legacy_format
from fieldvault.cli.reencrypt.showing import reencryption_progress, show_result
from fieldvault.cli.reencrypt.signals import stopping_on_signals
from fieldvault.cli.reencrypt.tables import declared_tables, model_tables, tenants_in
from fieldvault.cli.session import Session

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from fieldvault.rotation import Pace, ReencryptionOptions, ReencryptionResult, SealedTable


@click.command(cls=Command, short_help="Bring the rows of tables under the present key; resumes where it stopped.")
@click.option(
    "--table", "tables", multiple=True, metavar="NAME", help="Only this table of those declared; repeatable."
)
@click.option("--models", metavar="PACKAGE.MODULE:Base", help="The tables of these SQLAlchemy models instead.")
@click.option("--tenant", "tenants", multiple=True, metavar="TENANT", help="Whose rows; repeatable.")
@click.option("--all-tenants", is_flag=True, help="The rows of every tenant that has one.")
@click.option(
    "--dry-run", is_flag=True, help="Count what would be written; write nothing. With --from, read it too."
)
@click.option("--verify", is_flag=True, help="Open every row and write nothing.")
@click.option("--from", "source", type=click.Choice(FORMATS), help="Move columns from another format to envelopes.")
@click.option(
    "--column", "columns", multiple=True, metavar="FIELD=COLUMN", help="With --from: FIELD from COLUMN; repeatable."
)
@click.option("--padding", type=click.Choice(PADDINGS), help="Of sqlalchemy-utils-aes; naive is its default.")
@click.option(
    "--batch", type=click.IntRange(1, 100_000), default=1_000, show_default=True, help="Rows a transaction."
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Parts of a table at once."
)
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="At most so many rows a second.")
@click.option(
    "--max-lag",
    type=click.FloatRange(min=0),
    metavar="MIB",
    help="Pause while a PostgreSQL replica is further behind.",
)
@json_option
@click.pass_obj
def reencrypt(
    session: Session,
    tables: tuple[str, ...],
    models: str | None,
    tenants: tuple[str, ...],
    all_tenants: bool,
    dry_run: bool,
    verify: bool,
    source: str | None,
    columns: tuple[str, ...],
    padding: str | None,
    batch: int,
    workers: int,
    rate: float | None,
    max_lag: float | None,
    as_json: bool,
) -> int:
    """Seal anew, under the scope's primary key, every cell that another key sealed. The application goes on.

    The tables are those of [rotation.table.NAME] in the configuration file. A row that is changed meanwhile is left
    to whoever changed it, and looked at again. A run that ended in any way (also by kill -9) is resumed by the same
    command; SIGINT and SIGTERM end it after the batch. Of two runs at once the later takes over, the earlier stops.
    Exits with 6 where rows are left that cannot be opened.

    With --from, columns are moved from another format; the key comes from FIELDVAULT_LEGACY_KEY.
    """
    if verify and (dry_run or source):
        raise click.UsageError("--verify goes alone")
    if (columns or padding) and not source:
        raise click.UsageError("--column and --padding go with --from")
    from fieldvault.rotation import ReencryptionOptions, Stop

    engine, stop = session.config.database_engine(), Stop()
    sources = _sources(columns)
    try:
        if models is None:
            found = declared_tables(session, engine, tables, others=sources.values())
        else:
            found = model_tables(engine, models, tables, others=sources.values())
        run = _Run(session, engine, found, tenants_in(found, tenants, everyone=all_tenants))
        with stopping_on_signals(stop) as received, reencryption_progress() as on_progress:
            options = ReencryptionOptions(
                batch=batch,
                workers=workers,
                paces=_paces(engine, rate, max_lag),
                stop=stop,
                on_progress=on_progress,
            )
            if source is not None:
                result = run.move(source, sources, padding, options, writes=not dry_run)
            else:
                result = run.reencrypt(options, dry_run=dry_run, verify=verify)
        what = "would be written" if dry_run else "opened" if verify else "written"
        show_result(result, what, as_json=as_json)
        if result.stopped:
            say("stopped after a batch; what was committed stays, and the same command goes on")
            return received.code
        return ExitCode.PARTIAL if result.refused else ExitCode.OK
    except KeyboardInterrupt:
        say("interrupted; what was committed stays, and the same command goes on", label="error", style="bold red")
        return ExitCode.INTERRUPTED
    finally:
        engine.dispose()


@dataclass(frozen=True, slots=True)
class _Run:
    session: Session
    engine: Engine
    tables: Sequence[SealedTable]
    tenants: Sequence[str]

    def reencrypt(self, options: ReencryptionOptions, *, dry_run: bool, verify: bool) -> ReencryptionResult:
        from fieldvault.rotation import Reencryption

        audit = self.session.audit
        job = Reencryption(self.session.keyrings, self.tables, tenants=self.tenants, options=options, audit=audit)
        return job.rows_left() if dry_run else job.verify() if verify else job.run()

    def move(
        self,
        source: str,
        sources: dict[str, str],
        padding: str | None,
        options: ReencryptionOptions,
        *,
        writes: bool,
    ) -> ReencryptionResult:
        from fieldvault.rotation import ColumnMove

        if len(self.tables) != 1:
            raise click.UsageError("--from moves one table at a time: say which with --table")
        job = ColumnMove(
            self.session.keyrings,
            self.tables[0],
            legacy_format(self.session, source, padding, self.engine),
            tenants=self.tenants,
            columns=sources,
            options=options,
            audit=self.session.audit,
        )
        return job.run() if writes else job.rehearse()


def _sources(columns: Sequence[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in columns]
    if not all(field and column for field, _, column in pairs):
        raise click.UsageError("--column FIELD=COLUMN: the sealed field, and the column that it comes from")
    return {field: column for field, _, column in pairs}


def _paces(engine: Engine, rate: float | None, max_lag: float | None) -> list[Pace]:
    from fieldvault.rotation import ReplicationLag, RowsPerSecond

    paces: list[Pace] = []
    if rate is not None:
        paces.append(RowsPerSecond(rate))
    if max_lag is not None:
        paces.append(ReplicationLag(engine, max_lag))
    return paces
