"""`fieldvault pseudonymise` and `fieldvault reidentify`: one file to another, each column by its rule."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fieldvault.cli.cmd_seal import KEPT_FAILURES, SHOWN_FAILURES, file_format
from fieldvault.cli.command import Command, format_option, input_file, json_option, options, tenant_option
from fieldvault.cli.console import say, write_json
from fieldvault.cli.domains.showing import actor_option, domain_option
from fieldvault.cli.exit_codes import ExitCode
from fieldvault.cli.progress import progress_of
from fieldvault.cli.session import Session

if TYPE_CHECKING:
    from fieldvault.files import AllOrNothing, Counts, FilePlan, KeepGoing, RowFailure, Source
    from fieldvault.pseudonyms.rules import Rule

_job_options: Callable[[Callable[..., int]], Callable[..., int]] = options(
    click.argument("file", type=input_file),
    click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The file to write. It appears under this name when it is whole, or not at all.",
    ),
    domain_option,
    tenant_option,
    click.option(
        "-c",
        "--column",
        "columns",
        multiple=True,
        metavar="NAME=KIND[,key=value…]",
        help="A column's rule, instead of [domain.NAME.columns]: siv, one-way, lookup, fresh-lookup, format, card, "
        "phone, date-shift, never-zero-date-shift, keep, drop. Repeat it for each column.",
    ),
    format_option,
    click.option("--dry-run", is_flag=True, help="Read and check every row; make, open and write nothing."),
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


@click.command(cls=Command, short_help="Replace the values of a file by tokens of a domain.")
@_job_options
def pseudonymise(
    session: Session,
    file: Path,
    output: Path | None,
    domain: str,
    tenant: str | None,
    columns: tuple[str, ...],
    file_format: str | None,
    dry_run: bool,
    force: bool,
    keep_going: bool,
    max_failures: int | None,
    as_json: bool,
) -> int:
    """Replace the values of FILE's columns by tokens of a domain: for one recipient, or one purpose.

    Every column needs a rule, in [domain.NAME.columns] or by --column; nothing passes unseen. Files that are
    pseudonymised in the same domain join, and with those of another domain they do not.
    """
    job = _Job(session, file, output, domain, tenant, columns, file_format, force=force, dry_run=dry_run)
    return job.run(keep_going=keep_going, max_failures=max_failures, as_json=as_json)


@click.command(cls=Command, short_help="Bring back the values behind the tokens of a file.")
@click.option("--reason", required=True, help="What for: it is recorded in the audit log.")
@actor_option
@_job_options
def reidentify(
    session: Session,
    file: Path,
    output: Path | None,
    domain: str,
    tenant: str | None,
    columns: tuple[str, ...],
    file_format: str | None,
    dry_run: bool,
    force: bool,
    keep_going: bool,
    max_failures: int | None,
    as_json: bool,
    reason: str,
    actor: str,
) -> int:
    """Bring back the values behind the tokens of FILE, by the same rules. The output holds personal data.

    It is recorded first, in the file of [audit]; without one nothing is revealed. One-way pseudonyms stay.
    """
    job = _Job(session, file, output, domain, tenant, columns, file_format, force=force, dry_run=dry_run)
    job.reason, job.actor = reason, actor
    return job.run(keep_going=keep_going, max_failures=max_failures, as_json=as_json)


class _Job:
    def __init__(
        self,
        session: Session,
        file: Path,
        output: Path | None,
        domain: str,
        tenant: str | None,
        columns: tuple[str, ...],
        given_format: str | None,
        *,
        force: bool,
        dry_run: bool,
    ) -> None:
        if (output is None) != dry_run:
            raise click.UsageError("say where to write with -o, or only look with --dry-run")
        self.session = session
        self.file = file
        self.output = output
        self.domain = domain
        self.tenant = tenant
        self.columns = columns
        self.given_format = given_format
        self.force = force
        self.reason: str | None = None
        self.actor: str | None = None
        self.failures: list[RowFailure] = []
        self.shown = SHOWN_FAILURES

    def run(self, *, keep_going: bool, max_failures: int | None, as_json: bool) -> int:
        from fieldvault.files import FilePlan, State, check_file, columns_of, open_source

        if max_failures is not None and not keep_going:
            raise click.UsageError("--max-failures belongs to --keep-going")
        self.shown = 0 if as_json else SHOWN_FAILURES
        read_as = file_format(self.file, self.given_format)
        found = columns_of(self.file, file_format=read_as)
        plan = FilePlan(self.file, found, self._rules(), reverse=self.reason is not None)
        started = time.monotonic()
        with open_source(self.file, plan.source_schema, State.OPENED, file_format=read_as) as source:
            if self.output is None:
                with progress_of(source, "checking") as on_rows:
                    counts = check_file(plan, source, on_rows=on_rows)
            else:
                counts = self._write(plan, source, self.output, self._tolerated(keep_going, max_failures))
        self._summary(counts, time.monotonic() - started, as_json=as_json)
        return ExitCode.PARTIAL if counts.failed else ExitCode.OK

    def _write(self, plan: FilePlan, source: Source, output: Path, tolerated: AllOrNothing | KeepGoing) -> Counts:
        from fieldvault.files import Overwrite, State, open_sink, pseudonymise_file, reidentify_file

        domain = self.session.domain(self.domain, self.tenant)
        overwrite = Overwrite.REPLACE if self.force else Overwrite.REFUSE
        written = file_format(output, self.given_format)
        with (
            open_sink(
                output, written, plan.sink_schema, State.OPENED, plan.columns, source=self.file, overwrite=overwrite
            ) as sink,
            progress_of(source, "pseudonymising" if self.reason is None else "reidentifying") as on_rows,
        ):
            if self.reason is None:
                return pseudonymise_file(domain, plan, source, sink, on_rows=on_rows, failures=tolerated)
            return reidentify_file(
                domain,
                plan,
                source,
                sink,
                reason=self.reason,
                actor=self.actor,
                on_rows=on_rows,
                failures=tolerated,
            )

    def _rules(self) -> dict[str, Rule]:
        from fieldvault.config.rules import rule_from_option

        declared = self.session.config.domains.get(self.domain)
        rules = {} if declared is None else dict(declared.rules)
        return rules | dict(map(rule_from_option, self.columns))

    def _tolerated(self, keep_going: bool, max_failures: int | None) -> AllOrNothing | KeepGoing:
        from fieldvault.files import AllOrNothing, KeepGoing

        return KeepGoing(self._failed, max_failures) if keep_going else AllOrNothing()

    def _failed(self, failure: RowFailure) -> None:
        if len(self.failures) < KEPT_FAILURES:
            self.failures.append(failure)
        if self.shown > 0:
            self.shown -= 1
            say(f"row {failure.row}: {failure.message}", label="refused", style="yellow")

    def _summary(self, counts: Counts, seconds: float, *, as_json: bool) -> None:
        if as_json:
            failures = [asdict(one) for one in self.failures]
            write_json({**asdict(counts), "seconds": round(seconds, 3), "failures": failures})
            return
        if counts.failed > SHOWN_FAILURES:
            say(f"… and {counts.failed - SHOWN_FAILURES:,} more rows", label="refused", style="yellow")
        if self.output is None:
            say(f"{counts.rows:,} rows of {self.file.name} could be taken; nothing was written")
            return
        done = "pseudonymised" if self.reason is None else "reidentified"
        speed = f", {counts.rows / seconds:,.0f} rows/s" if seconds >= 1 else ""
        left = f", {counts.failed:,} left out" if counts.failed else ""
        say(f"{done} {counts.written:,} rows of {self.file.name} into {self.output}{left} ({seconds:.2f} s{speed})")
