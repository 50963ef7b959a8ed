"""`fieldvault passwords prove`: the declared schemes, on passwords that somebody knows."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fieldvault.cli.command import Command, json_option
from fieldvault.cli.console import say, write_json
from fieldvault.cli.exit_codes import ExitCode
from fieldvault.cli.passwords.desk import open_desk
from fieldvault.cli.session import Session
from fieldvault.errors import ConfigurationError

if TYPE_CHECKING:
    from fieldvault.password_migration import ProofResult


@click.command(cls=Command, short_help="Prove the declared schemes on passwords that you know.")
@click.argument("known", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@json_option
@click.pass_obj
def prove(session: Session, known: Path, as_json: bool) -> int:
    """Compute the digests of the passwords in KNOWN, and compare them with what the table holds.

    KNOWN is a file of JSON Lines, or - for stdin: {"id": 17, "password": "…"} for each, the id a list where it has
    several parts. The passwords of a few test accounts will do; a long one, one with a letter outside of ASCII and
    one with a space at its end prove more. What is proved is kept beside the checkpoint, and `migrate` asks for it.
    """
    from fieldvault.password_migration import KnownRow
    from fieldvault.password_migration import prove as prove_rows

    given = _read(known)
    with open_desk(session) as desk:
        rows = [KnownRow(desk.table.parse_id(parts), text) for parts, text in given]
        del given
        result = prove_rows(desk.database, desk.table, desk.sorter, desk.config.build_hasher(), rows)
    if as_json:
        write_json(
            {
                "proved": dict(result.proved),
                "refuted": {str(at + 1): label for at, label in result.refuted.items()},
                "elsewhere": {str(at + 1): what for at, what in result.elsewhere.items()},
                "missing": result.missing,
                "untested": result.untested,
            }
        )
    else:
        _show(result)
    return ExitCode.REFUSED if result.refuted or result.missing or not result.proved else ExitCode.OK


def _show(result: ProofResult) -> None:
    for label, count in sorted(result.proved.items()):
        say(f"{label}: {count} known password{'' if count == 1 else 's'} reproduced", label="proved", style="green")
        for what in result.untested.get(label, []):
            say(f"{label}: {what}", label="note", style="bold")
    for at, label in sorted(result.refuted.items()):
        say(f"line {at + 1}: {label} does not reproduce what is stored", label="refuted", style="bold red")
    for at, what in sorted(result.elsewhere.items()):
        say(f"line {at + 1}: proves nothing ({what})", label="warning", style="yellow")
    for label in result.missing:
        say(f"{label}: no known password is of it", label="not proved", style="bold red")
    if result.refuted:
        say("is the order of salt and password, the encoding, the case of inner digests right?", label="hint")


def _read(known: Path) -> list[tuple[list[str | int], str]]:
    if str(known) == "-":
        text = sys.stdin.read()
    else:
        if known.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            say(
                f"{known} holds passwords and is open to others: chmod 600 {known}", label="warning", style="yellow"
            )
        text = known.read_text(encoding="utf-8-sig")
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            one = _entry(line)
            if one is None:
                del text, line
                raise ConfigurationError(
                    f"line {number} of the known passwords is not of the form wanted",
                    hint='one object a line: {"id": 17, "password": "…"}',
                )
            rows.append(one)
    return rows


def _entry(line: str) -> tuple[list[str | int], str] | None:
    try:
        found: Any = json.loads(line)
    except ValueError:
        return None  # the error would quote the line
    if not isinstance(found, dict) or set(found) != {"id", "password"} or not isinstance(found["password"], str):
        return None
    parts = found["id"] if isinstance(found["id"], list) else [found["id"]]
    if not all(isinstance(part, str | int) and not isinstance(part, bool) for part in parts):
        return None
    return parts, found["password"]
