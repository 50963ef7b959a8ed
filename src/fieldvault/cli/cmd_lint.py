"""`fieldvault lint`: what the blind indexes of a real table show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fieldvault.cli.command import Command, json_option, schema_option
from fieldvault.cli.console import printable, say, show_table, stdout, write_json
from fieldvault.cli.exit_codes import ExitCode
from fieldvault.cli.session import Session

if TYPE_CHECKING:
    from fieldvault.planning import Finding, IndexMeasure

STYLES = {"info": "green", "warning": "yellow"}


@click.command(cls=Command, short_help="Measure what the blind indexes of a table show.")
@click.argument("table", metavar="[TABLE]", required=False)
@schema_option
@click.option(
    "--plot",
    metavar="FILE",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Draw how often values occur, by rank, as .svg or .png.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if there is a warning.")
@json_option
@click.pass_obj
def lint(
    session: Session, table: str | None, schema: str | None, plot: Path | None, strict: bool, as_json: bool
) -> int:
    """Measure the index columns of TABLE (by default the schema's name) in [database], and say what they show.

    Only counts leave the database: no key is needed, nothing is opened, nothing is changed. Each index is read
    twice as a whole; take a replica for a large table.
    """
    from fieldvault.planning import findings
    from fieldvault.planning.table import measure_table

    declared = session.config.schema(schema)
    name = table or declared.name
    measures = measure_table(session.config.database_engine(), declared, name)
    report = [(one, findings(one)) for one in measures]
    if plot is not None:
        from fieldvault.planning.plot import draw

        draw(measures, plot)
    warned = sum(finding.severity == "warning" for _, found in report for finding in found)
    if as_json:
        write_json({"table": name, "warnings": warned, "indexes": [_as_json(one, found) for one, found in report]})
    else:
        _show(report)
        say(f"{len(report)} index{'' if len(report) == 1 else 'es'}, {warned} warning{'' if warned == 1 else 's'}")
    return ExitCode.REFUSED if strict and warned else ExitCode.OK


def _as_json(measure: IndexMeasure, found: list[Finding]) -> dict[str, Any]:
    spread = measure.spread
    return {
        "field": measure.field,
        "index": measure.index,
        "column": measure.column,
        "bits": measure.bits,
        "rows": spread.rows,
        "nulls": measure.nulls,
        "distinct": spread.distinct,
        "entropy_bits": round(spread.entropy, 3),
        "share_of_most_frequent": round(spread.share_of_most_frequent(1), 6),
        "share_of_ten_most_frequent": round(spread.share_of_most_frequent(10), 6),
        "expected_coincidences": measure.expected_coincidences,
        "findings": [{"severity": one.severity.value, "code": one.code, "message": one.message} for one in found],
    }


def _show(report: list[tuple[IndexMeasure, list[Finding]]]) -> None:
    from rich.text import Text

    columns = ["column", "bits", "rows", "null", "distinct", "entropy", "top 1", "top 10", "coincidences"]
    show_table(columns, [_cells(measure) for measure, _ in report], right=tuple(columns[1:]))
    for measure, found in report:
        stdout().print(Text(f"\n{measure.column}", style="bold"))
        for finding in found:
            line = Text(f"  {finding.severity.value:<8}", style=STYLES[finding.severity])
            stdout().print(line.append(printable(finding.message), style="default"))


def _cells(measure: IndexMeasure) -> list[str]:
    spread = measure.spread
    return [
        measure.column,
        str(measure.bits),
        f"{spread.rows:,}",
        f"{measure.nulls:,}",
        f"{spread.distinct:,}",
        f"{spread.entropy:.1f} bits",
        f"{spread.share_of_most_frequent(1):.2%}",
        f"{spread.share_of_most_frequent(10):.2%}",
        f"{measure.expected_coincidences:.2g}",
    ]
