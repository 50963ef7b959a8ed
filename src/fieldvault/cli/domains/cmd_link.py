"""`fieldvault domains link`: a file's tokens of one domain, brought over to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fieldvault.cli.cmd_seal import file_format as format_of_file
from fieldvault.cli.command import Command, format_option, input_file, json_option, tenant_option
from fieldvault.cli.console import say, write_json
from fieldvault.cli.domains.showing import actor_option, reason_option
from fieldvault.cli.progress import progress_of
from fieldvault.cli.session import Session
from fieldvault.errors import ConfigurationError

if TYPE_CHECKING:
    from fieldvault.pseudonyms import Domain
    from fieldvault.pseudonyms.rules import Rule


@click.command(cls=Command, short_help="Bring the tokens of a file over to another domain.")
@click.argument("file", type=input_file)
@click.option("--from", "source_name", required=True, metavar="DOMAIN", help="Whose tokens FILE has.")
@click.option("--to", "target_name", required=True, metavar="DOMAIN", help="Whose tokens it shall have.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write. It appears under this name when it is whole, or not at all.",
)
@tenant_option
@reason_option
@actor_option
@format_option
@click.option("--dry-run", is_flag=True, help="Read and check every row; open, record and write nothing.")
@click.option("--force", is_flag=True, help="Replace the output file if it exists.")
@json_option
@click.pass_obj
def link(
    session: Session,
    file: Path,
    source_name: str,
    target_name: str,
    output: Path | None,
    tenant: str | None,
    reason: str,
    actor: str,
    file_format: str | None,
    dry_run: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Replace the tokens that FILE has of one domain by those of another, of the same persons.

    What two recipients hold apart is brought together by this. It goes from token to token, by the rules of
    [domain.NAME.columns] of both, and nobody sees a value. Both domains record it first, in the file of [audit].
    All rows, or none.
    """
    from fieldvault.files import (
        LinkPlan,
        Overwrite,
        State,
        check_link,
        columns_of,
        link_file,
        open_sink,
        open_source,
    )

    if (output is None) != dry_run:
        raise click.UsageError("say where to write with -o, or only look with --dry-run")
    if source_name == target_name:
        raise ConfigurationError("a domain is not linked with itself")
    read_as = format_of_file(file, file_format)
    rules = [_rules(session, name) for name in (source_name, target_name)]
    plan = LinkPlan(file, columns_of(file, file_format=read_as), *rules)
    with open_source(file, plan.source_schema, State.OPENED, file_format=read_as) as source:
        if output is None:
            with progress_of(source, "checking") as on_rows:
                counts = check_link(plan, source, on_rows=on_rows)
        else:
            source_domain, target_domain = (_domain(session, name, tenant) for name in (source_name, target_name))
            overwrite = Overwrite.REPLACE if force else Overwrite.REFUSE
            written = format_of_file(output, file_format)
            with (
                open_sink(
                    output, written, plan.sink_schema, State.OPENED, plan.columns, source=file, overwrite=overwrite
                ) as sink,
                progress_of(source, "linking") as on_rows,
            ):
                counts = link_file(
                    source_domain, target_domain, plan, source, sink, reason=reason, actor=actor, on_rows=on_rows
                )
    if as_json:
        write_json(asdict(counts))
    elif output is None:
        say(f"{counts.rows:,} rows of {file.name} could be taken; nothing was written")
    else:
        say(f"linked {counts.written:,} rows of {file.name} from {source_name} to {target_name} into {output}")


def _rules(session: Session, name: str) -> Mapping[str, Rule]:
    declared = session.config.domains.get(name)
    if declared is None or not declared.rules:
        raise ConfigurationError(
            f"{session.config.path} says nothing about the columns of the domain {name}",
            hint=f"declare them in [domain.{name}.columns]",
        )
    return declared.rules


def _domain(session: Session, name: str, tenant: str | None) -> Domain:
    """A global domain has no tenant, also where the other one does."""
    from fieldvault.schema import Tenancy

    is_global = session.config.domains[name].tenancy is Tenancy.GLOBAL
    return session.domain(name, None if is_global else tenant)
