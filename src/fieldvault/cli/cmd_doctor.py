"""`fieldvault doctor`: is everything in place? Each check is answered, but for those that need a failed one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.console import say, stdout, write_json
from fieldvault.cli.exit_codes import ExitCode
from fieldvault.cli.session import Session

if TYPE_CHECKING:
    from fieldvault.cli.checks import Finding

STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red"}


@click.command(cls=Command, short_help="Check configuration, KEK, key store and permissions.")
@json_option
@click.pass_obj
def doctor(session: Session, as_json: bool) -> int:
    """Check the configuration, file permissions, the KEK and the token's capabilities, the key store, the clock.

    One random key is wrapped and unwrapped, and the present keys are unwrapped; nothing is changed. Exits with 1
    if a check fails; warnings do not count.
    """
    from fieldvault.cli.checks import all_checks

    findings: list[Finding] = []
    for finding in all_checks(session):
        findings.append(finding)
        if not as_json:
            _show(finding)
    failed = sum(one.status == "failed" for one in findings)
    warned = sum(one.status == "warning" for one in findings)
    if as_json:
        write_json({"ok": not failed, "checks": [one.as_json() for one in findings]})
    else:
        say(f"{len(findings)} checks: {failed} failed, {warned} with a warning")
    return ExitCode.REFUSED if failed else ExitCode.OK


def _show(finding: Finding) -> None:
    from rich.text import Text

    from fieldvault.cli.console import printable

    line = Text()
    line.append(f"{finding.status:<8}", style=STYLES[finding.status])
    line.append(f"{finding.name}: {printable(finding.detail)}")
    if finding.hint:
        line.append(f"\n        hint: {printable(finding.hint)}", style="dim")
    stdout().print(line)
