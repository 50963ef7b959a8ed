"""`fieldvault passwords migrate`: every legacy row becomes Argon2id over its digest."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.console import say, write_json
from fieldvault.cli.exit_codes import ExitCode
from fieldvault.cli.passwords.desk import Desk, open_desk, threads_for
from fieldvault.cli.passwords.showing import duration, migration_progress, show_survey, survey_as_json
from fieldvault.cli.session import Session

if TYPE_CHECKING:
    from fieldvault.password_migration import MigrationResult


@click.command(cls=Command, short_help="Wrap every legacy row in Argon2id; resumes where it stopped.")
@click.option("--dry-run", is_flag=True, help="Count, estimate the time, check the column's width; write nothing.")
@click.option(
    "--batch", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Rows a transaction."
)
@click.option(
    "--threads", type=click.IntRange(1, 256), help="Hash on so many; by default one a core, if memory allows."
)
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="At most so many rows a second.")
@json_option
@click.pass_obj
def migrate(
    session: Session, dry_run: bool, batch: int, threads: int | None, rate: float | None, as_json: bool
) -> int:
    """Replace every legacy row by Argon2id over its digest; what people log in with stays the same.

    A run that ended in any way (also by kill -9) is resumed by the same command. A password that is changed
    meanwhile is kept. Rows that are not exactly of a marked or declared and proved scheme are counted and left. Two
    runs at once: the later one takes over, the earlier one stops.
    """
    with open_desk(session) as desk:
        profile = desk.config.argon2()
        workers = threads_for(profile, desk.config.memory_mib, threads)
        if threads is not None and workers < threads:
            say(f"{workers} threads, since memory_mib allows no more", label="note", style="bold")
        if dry_run:
            return _rehearse(desk, workers, as_json=as_json)
        say(
            f"{workers} thread{'' if workers == 1 else 's'} of {profile.memory_kib / 1024:,.1f} MiB:"
            f" hashing takes {workers * profile.memory_kib / 1024:,.0f} MiB"
        )
        return _migrate(desk, batch, workers, rate, as_json=as_json)


def _migrate(desk: Desk, batch: int, threads: int, rate: float | None, *, as_json: bool) -> int:
    from fieldvault.password_migration import Migration, NoThrottle, RowsPerSecond

    started = time.monotonic()
    try:
        with migration_progress() as on_progress:
            result = Migration(
                desk.database,
                desk.table,
                desk.sorter,
                desk.config.build_hasher(),
                batch=batch,
                threads=threads,
                throttle=NoThrottle() if rate is None else RowsPerSecond(rate),
                on_progress=on_progress,
            ).run()
    except KeyboardInterrupt:
        say("interrupted; what was committed stays, and the same command goes on", label="error", style="bold red")
        return ExitCode.INTERRUPTED
    _show(result, time.monotonic() - started, as_json=as_json)
    return ExitCode.OK if result.finished else ExitCode.PARTIAL


def _show(result: MigrationResult, seconds: float, *, as_json: bool) -> None:
    if as_json:
        write_json(
            {
                "wrapped": dict(result.wrapped),
                "left": dict(result.left),
                "changed_meanwhile": result.changed_meanwhile,
                "rounds": result.rounds,
                "batches": result.batches,
                "finished": result.finished,
                "seconds": round(seconds, 3),
            }
        )
        return
    for label, count in sorted(result.wrapped.items()):
        say(f"{label}: {count:,} rows", label="wrapped", style="green")
    for label, count in sorted(result.left.items()):
        say(f"{label}: {count:,} rows", label="as they were", style="bold")
    if result.changed_meanwhile:
        say(f"{result.changed_meanwhile:,} passwords were changed meanwhile, and kept", label="note", style="bold")
    if not result.finished:
        say(
            "the application goes on writing legacy hashes: teach it Argon2id, then run this again",
            label="warning",
            style="yellow",
        )
    say(f"wrapped {result.wrapped.total():,} rows in all, this run in {duration(seconds)}")


def _rehearse(desk: Desk, threads: int, *, as_json: bool) -> int:
    from fieldvault.password_migration import Kind, rehearse

    found = rehearse(desk.database, desk.table, desk.sorter, desk.config.build_hasher(), threads=threads)
    rows = found.survey.of(Kind.LEGACY)
    if as_json:
        write_json(
            {
                "rows": rows,
                "counts": survey_as_json(found.survey),
                "seconds": round(found.seconds, 3),
                "longest": found.longest,
                "too_narrow": None if found.too_narrow is None else str(found.too_narrow),
                "not_proved": found.not_proved,
            }
        )
    else:
        show_survey(found.survey)
        say(f"{rows:,} rows would be wrapped, in about {duration(found.seconds)} with {threads} threads")
    if found.too_narrow is not None:
        say(str(found.too_narrow), label="problem", style="bold red")
    for label in found.not_proved:
        say(f"{label} is not proved yet: fieldvault passwords prove", label="problem", style="bold red")
    return ExitCode.REFUSED if found.too_narrow or found.not_proved else ExitCode.OK
