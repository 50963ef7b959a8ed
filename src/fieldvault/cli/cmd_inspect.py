"""`fieldvault inspect`: what an envelope says to anybody, without a key."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fieldvault.cli.cmd_seal import file_format as format_of_file
from fieldvault.cli.command import Command, format_option, input_file, json_option
from fieldvault.cli.console import say, show_table, write_json
from fieldvault.cli.exit_codes import ExitCode
from fieldvault.cli.session import Session

if TYPE_CHECKING:
    from fieldvault.cli.key_lookup import KeyOwner
    from fieldvault.core.envelope import Envelope
    from fieldvault.errors import OpenError

MAX_LINE = 1 << 24


@click.command(cls=Command, short_help="Show what envelopes say without opening them.")
@click.argument("envelopes", metavar="[ENVELOPE]...", nargs=-1)
@click.option("--file", "file", type=input_file, help="Count the envelopes of this file's --column by key id.")
@click.option("--column", metavar="NAME", help="Of --file.")
@format_option
@json_option
@click.pass_obj
def inspect(
    session: Session,
    envelopes: tuple[str, ...],
    file: Path | None,
    column: str | None,
    file_format: str | None,
    as_json: bool,
) -> int:
    """Show what envelopes say without opening them: version, key id and length of the plaintext.

    The length is that of the typed plaintext: the value, one byte for its type, and its padding.

    ENVELOPE is text (fv1.…) or hexadecimal; without any, one a line is read from stdin. If there is a
    configuration, its key store tells whose the keys are; the KEK is not asked.
    """
    if (file is None) != (column is None) or (file is not None and envelopes):
        raise click.UsageError("give envelopes, or --file FILE with --column NAME")
    if file is not None and column is not None:
        return _whole_column(session, file, column, file_format, as_json=as_json)
    return _each(session, list(envelopes or _lines()), as_json=as_json)


def _lines() -> Iterator[str]:
    while line := sys.stdin.readline(MAX_LINE):
        if line.strip():
            yield line.strip()


def _each(session: Session, texts: list[str], *, as_json: bool) -> int:
    parsed = [_parse(text) for text in texts]
    keys = _owners(session, {one.key_id for one in parsed if not isinstance(one, Exception)})
    rows: list[list[str]] = []
    for number, one in enumerate(parsed, start=1):
        if isinstance(one, Exception):
            if as_json:
                write_json({"item": number, "error": {"class": type(one).__name__, "message": one.message}})
            else:
                say(f"item {number}: {one.message}", label="refused", style="yellow")
            continue
        owner = keys.get(one.key_id)
        if as_json:
            write_json({"item": number, **_as_json(one, owner)})
        else:
            length = str(one.plaintext_length)
            rows.append([str(number), str(one.version), one.key_id.hex(), length, _whose(owner, keys)])
    if rows:
        show_table(["item", "version", "key id", "plaintext bytes", "key"], rows, right=("plaintext bytes",))
    return ExitCode.REFUSED if any(isinstance(one, Exception) for one in parsed) else ExitCode.OK


def _whole_column(session: Session, file: Path, column: str, given: str | None, *, as_json: bool) -> int:
    from fieldvault.cli.cells import cells_of

    counts: Counter[bytes] = Counter()
    nulls = refused = 0
    for cell in cells_of(file, column, format_of_file(file, given)):
        if cell is None:
            nulls += 1
            continue
        one = _parse(cell)
        if isinstance(one, Exception):
            refused += 1
        else:
            counts[one.key_id] += 1
    keys = _owners(session, set(counts))
    if as_json:
        write_json(
            {
                "file": str(file),
                "column": column,
                "envelopes": counts.total(),
                "nulls": nulls,
                "refused": refused,
                "keys": [
                    {"key_id": key_id.hex(), "count": count, "key": _owner_json(keys.get(key_id))}
                    for key_id, count in counts.most_common()
                ],
            }
        )
    else:
        rows = [
            [key_id.hex(), f"{count:,}", _whose(keys.get(key_id), keys)] for key_id, count in counts.most_common()
        ]
        show_table(["key id", "envelopes", "key"], rows, right=("envelopes",))
        say(f"{counts.total():,} envelopes, {nulls:,} nulls, {refused:,} that are no envelope of version 1")
    return ExitCode.REFUSED if refused else ExitCode.OK


def _parse(cell: Any) -> Envelope | OpenError:
    from fieldvault.columns.form import envelope_bytes
    from fieldvault.core.envelope import parse
    from fieldvault.errors import OpenError

    try:
        return parse(_from_hex(cell) or envelope_bytes(cell))
    except OpenError as error:
        return error.detached()


def _from_hex(cell: Any) -> bytes | None:
    """The bytes of `01…`, `0x01…` or PostgreSQL's `\\x01…`; None for anything else."""
    if not isinstance(cell, str):
        return None
    digits = cell.removeprefix("\\x").removeprefix("0x")
    try:
        return bytes.fromhex(digits) or None
    except ValueError:
        return None


def _owners(session: Session, key_ids: set[bytes]) -> dict[bytes, KeyOwner]:
    """Empty where there is no configuration. One that is wrong, or named by --config, is an error all the same."""
    import os

    from fieldvault.cli.key_lookup import owners
    from fieldvault.config.environment import CONFIG

    named = session.config_path is not None or os.environ.get(CONFIG)
    if not key_ids or (not named and not Path("fieldvault.toml").exists()):
        return {}
    return owners(session.keystore, key_ids)


def _whose(owner: KeyOwner | None, known: dict[bytes, KeyOwner]) -> str:
    return str(owner) if owner is not None else "not in the key store" if known else "unknown"


def _as_json(one: Envelope, owner: KeyOwner | None) -> dict[str, Any]:
    return {
        "version": one.version,
        "key_id": one.key_id.hex(),
        "plaintext_length": one.plaintext_length,
        "key": _owner_json(owner),
    }


def _owner_json(owner: KeyOwner | None) -> dict[str, Any] | None:
    return None if owner is None else {"scope": owner.scope, "state": owner.state}
