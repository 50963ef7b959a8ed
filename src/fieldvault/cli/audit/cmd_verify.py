"""`fieldvault audit verify`: every entry, from the first to the head."""

from __future__ import annotations

from pathlib import Path

import click

from fieldvault.cli.command import Command, input_file, json_option
from fieldvault.cli.console import say, show_table, write_json
from fieldvault.cli.exit_codes import ExitCode
from fieldvault.cli.progress import counting
from fieldvault.cli.session import Session


@click.command(cls=Command, short_help="Find any edit, removal, reordering or cut.")
@click.option("--file", "file", metavar="FILE", type=input_file, help="A copy of the log; by default [audit] file.")
@click.option(
    "--checkpoint",
    "checkpoints",
    metavar="FILE",
    multiple=True,
    type=input_file,
    help="A checkpoint that was kept elsewhere; its signature is verified. May be given several times.",
)
@json_option
@click.pass_obj
def verify(session: Session, file: Path | None, checkpoints: tuple[Path, ...], as_json: bool) -> int:
    """Read the whole log and say, by line, what is not as it was recorded. Exits with 1 if anything is found."""
    from fieldvault import audit
    from fieldvault.audit.verification import MEANINGS

    config = session.audit_config
    kept = [session.checked_checkpoint(one) for one in checkpoints]
    with counting("verifying", "entries") as advance:
        result = audit.verify(
            file or config.file,
            name=config.name,
            keyring=config.keyring(session.keyrings),
            head=session.keystore.audit_head(config.name),
            checkpoints=kept,
            on_entries=advance,
        )
    if as_json:
        findings = [{"problem": one.problem.value, "line": one.line} for one in result.findings]
        write_json({"ok": result.ok, "log": config.name, "entries": result.entries, "findings": findings})
    elif result.findings:
        rows = [[_line(one.line), one.problem.value, MEANINGS[one.problem]] for one in result.findings]
        show_table(["line", "problem", "meaning"], rows, right=("line",))
    if result.ok:
        say(f"{result.entries:,} entries, whole and in order")
        return ExitCode.OK
    say("the audit log is not what was recorded; keep this copy as evidence", label="error", style="bold red")
    return ExitCode.REFUSED


def _line(number: int | None) -> str:
    return "" if number is None else str(number)
