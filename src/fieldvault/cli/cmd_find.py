"""`fieldvault find`: rows of sealed files by a blind index, opened."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fieldvault.cli.cmd_seal import file_format as format_of_file
from fieldvault.cli.command import (
    Command,
    format_option,
    input_file,
    json_option,
    schema_option,
    tenant_option,
)
from fieldvault.cli.console import say, show_table, write_json
from fieldvault.cli.session import Session

if TYPE_CHECKING:
    from fieldvault import RecordCipher, Schema

MAX_TERM_BYTES = 1 << 20


@click.command(cls=Command, short_help="Find rows of sealed files by a field's value, and show them.")
@click.argument("term", metavar="FIELD=VALUE")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=input_file)
@schema_option
@tenant_option
@click.option("--index", "index", metavar="NAME", help="Which index of the field, if it has several.")
@click.option("--and", "others", metavar="FIELD=VALUE", multiple=True, help="The other fields of a compound index.")
@format_option
@json_option
@click.pass_obj
def find(
    session: Session,
    term: str,
    files: tuple[Path, ...],
    schema: str | None,
    tenant: str | None,
    index: str | None,
    others: tuple[str, ...],
    file_format: str | None,
    as_json: bool,
) -> None:
    """Find the rows of sealed FILEs whose FIELD is VALUE, and show them opened.

    VALUE may be written differently: the field's index says what counts as equal. Of a prefix, suffix, word or
    n-gram index (--index) it is the part that is looked for. It stands in your shell's history and in the list of
    processes; with FIELD=- it is read from stdin instead.

    On a terminal the rows are a table; in a pipe, or with --json, one JSON object a line.
    """
    terms = dict(map(_split, (term, *others)))
    from fieldvault.files import find_in_file, form_for, open_source
    from fieldvault.files.state import State

    found: list[dict[str, Any]] = []
    lines = as_json or not sys.stdout.isatty()
    count = 0
    for file in files:
        wanted = format_of_file(file, file_format)
        cipher = session.cipher(schema, tenant, form_for(wanted))
        with open_source(file, cipher.schema, State.SEALED, file_format=wanted) as source:
            field, value = _sought(cipher, terms)
            for row in find_in_file(cipher, source, field, value, index=index):
                count += 1
                if lines:
                    write_json(_as_json(cipher.schema, row))
                else:
                    found.append(row)
    if found:
        columns = list(found[0])
        declared = session.config.schema(schema)
        show_table(columns, [[_as_text(declared, name, row.get(name)) for name in columns] for row in found])
    say(f"{count:,} row{'' if count == 1 else 's'} found")


def _split(term: str) -> tuple[str, str]:
    field, equals, value = term.partition("=")
    if not field or not equals:
        raise click.UsageError("say what to look for as FIELD=VALUE, or FIELD=- to read the value from stdin")
    if value != "-":
        return field, value
    return field, sys.stdin.read(MAX_TERM_BYTES).removesuffix("\n").removesuffix("\r")


def _sought(cipher: RecordCipher, terms: dict[str, str]) -> tuple[str, Any]:
    """The field and its value, or a compound index's name and its fields' values."""
    values = {field: cipher.schema.field(field).codec.from_text(text) for field, text in terms.items()}
    if len(values) == 1:
        return next(iter(values.items()))
    for one in cipher.schema.indexes:
        if set(one.fields) == values.keys():
            return one.owner, values
    raise click.UsageError(f"there is no compound index of {', '.join(values)}")


def _fields(schema: Schema, row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        declared = schema.fields.get(name)
        # JSON has no NaN, dates or bytes: those are written as in a CSV cell.
        native = value is None or isinstance(value, str | int | dict | list) or _is_finite(value)
        yield name, value if native or declared is None else declared.codec.to_text(value)


def _is_finite(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _as_json(schema: Schema, row: dict[str, Any]) -> dict[str, Any]:
    return dict(_fields(schema, row))


def _as_text(schema: Schema, name: str, value: Any) -> str:
    [(_, shown)] = _fields(schema, {name: value})
    return "" if shown is None else str(shown)
