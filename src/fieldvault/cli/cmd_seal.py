"""`fieldvault seal` and `fieldvault open`: one file to another, as a stream."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fieldvault.cli.command import (
    Command,
    format_option,
    input_file,
    json_option,
    options,
    schema_option,
    tenant_option,
)
from fieldvault.cli.console import say, write_json
from fieldvault.cli.exit_codes import ExitCode
from fieldvault.cli.progress import progress_of
from fieldvault.cli.session import Session

if TYPE_CHECKING:
    from fieldvault.files import Counts, FileFormat, RowFailure

SHOWN_FAILURES = 20
KEPT_FAILURES = 1000

_job_options: Callable[[Callable[..., int]], Callable[..., int]] = options(
    click.argument("file", type=input_file),
    click.option(
        "-o",
        "--output",
        required=True,
        type=click.Path(dir_okay=False, path_type=Path),
        help="The file to write. It appears under this name when it is whole, or not at all.",
    ),
    schema_option,
    tenant_option,
    format_option,
    click.option("--force", is_flag=True, help="Replace the output file if it exists."),
    click.option(
        "--keep-going", is_flag=True, help="Leave out rows that are refused, report them, and exit with 6."
    ),
    click.option(
        "--max-failures", type=click.IntRange(min=0), help="With --keep-going: give up after more than this many."
    ),
    json_option,
    click.pass_obj,
)


@click.command(cls=Command, short_help="Seal the fields of a file.")
@_job_options
def seal(
    session: Session,
    file: Path,
    output: Path,
    schema: str | None,
    tenant: str | None,
    file_format: str | None,
    force: bool,
    keep_going: bool,
    max_failures: int | None,
    as_json: bool,
) -> int:
    """Seal the sealed fields of FILE's rows and add their index columns.

    CSV, JSON Lines and Parquet, in and out. Plain fields stay as they are. A row that is refused fails the whole
    file, unless --keep-going.
    """
    job = _Job(session, file, output, schema, tenant, file_format)
    return job.run(seals=True, force=force, tolerance=_tolerance(keep_going, max_failures), as_json=as_json)


@click.command("open", cls=Command, short_help="Open the fields of a sealed file.")
@_job_options
def open_(
    session: Session,
    file: Path,
    output: Path,
    schema: str | None,
    tenant: str | None,
    file_format: str | None,
    force: bool,
    keep_going: bool,
    max_failures: int | None,
    as_json: bool,
) -> int:
    """Open the sealed fields of FILE's rows and leave out their index columns.

    The output holds plaintext: it is readable by its owner only. A row that is refused fails the whole file,
    unless --keep-going.
    """
    job = _Job(session, file, output, schema, tenant, file_format)
    return job.run(seals=False, force=force, tolerance=_tolerance(keep_going, max_failures), as_json=as_json)


def _tolerance(keep_going: bool, max_failures: int | None) -> int | None:
    """How many rows may fail: None for none (a row that fails, fails the file)."""
    if max_failures is not None and not keep_going:
        raise click.UsageError("--max-failures belongs to --keep-going")
    return (-1 if max_failures is None else max_failures) if keep_going else None


class _Job:
    def __init__(
        self,
        session: Session,
        file: Path,
        output: Path,
        schema: str | None,
        tenant: str | None,
        file_format: str | None,
    ) -> None:
        self.session = session
        self.file = file
        self.output = output
        self.schema = schema
        self.tenant = tenant
        self.given_format = file_format
        self.failures: list[RowFailure] = []
        self.shown = SHOWN_FAILURES

    def run(self, *, seals: bool, force: bool, tolerance: int | None, as_json: bool) -> int:
        from fieldvault.files import (
            AllOrNothing,
            KeepGoing,
            Overwrite,
            State,
            form_for,
            open_file,
            open_sink,
            open_source,
            seal_file,
        )

        before, after = (State.OPENED, State.SEALED) if seals else (State.SEALED, State.OPENED)
        written = file_format(self.output, self.given_format)
        cipher = self.session.cipher(self.schema, self.tenant, form_for(written))
        started = time.monotonic()
        self.shown = 0 if as_json else SHOWN_FAILURES
        with (
            open_source(
                self.file, cipher.schema, before, file_format=file_format(self.file, self.given_format)
            ) as source,
            open_sink(
                self.output,
                written,
                cipher.schema,
                after,
                source.columns,
                source=self.file,
                overwrite=Overwrite.REPLACE if force else Overwrite.REFUSE,
            ) as sink,
            progress_of(source, "sealing" if seals else "opening") as on_rows,
        ):
            tolerated = AllOrNothing() if tolerance is None else KeepGoing(self._failed, _limit(tolerance))
            job = seal_file if seals else open_file
            counts = job(cipher, source, sink, on_rows=on_rows, failures=tolerated)
        self._summary("sealed" if seals else "opened", counts, time.monotonic() - started, as_json=as_json)
        return ExitCode.PARTIAL if counts.failed else ExitCode.OK

    def _failed(self, failure: RowFailure) -> None:
        if len(self.failures) < KEPT_FAILURES:
            self.failures.append(failure)
        if self.shown > 0:
            self.shown -= 1
            say(f"row {failure.row}: {failure.message}", label="refused", style="yellow")

    def _summary(self, done: str, counts: Counts, seconds: float, *, as_json: bool) -> None:
        if as_json:
            failures = [asdict(one) for one in self.failures]
            write_json({**asdict(counts), "seconds": round(seconds, 3), "failures": failures})
            return
        if counts.failed > SHOWN_FAILURES:
            say(f"… and {counts.failed - SHOWN_FAILURES:,} more rows", label="refused", style="yellow")
        speed = f", {counts.rows / seconds:,.0f} rows/s" if seconds >= 1 else ""
        left = f", {counts.failed:,} left out" if counts.failed else ""
        say(f"{done} {counts.written:,} rows of {self.file.name} into {self.output}{left} ({seconds:.2f} s{speed})")


def _limit(tolerance: int) -> int | None:
    return None if tolerance < 0 else tolerance


def file_format(path: Path, given: str | None) -> FileFormat:
    """What the name says; where it says nothing, `given`. Raises `ConfigurationError` where that is missing too."""
    from fieldvault.files import FileFormat, format_of

    known = {".csv", ".jsonl", ".ndjson", ".parquet"}
    return format_of(path, FileFormat(given) if given and path.suffix.lower() not in known else None)
