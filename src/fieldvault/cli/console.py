"""How the command talks: messages to stderr, results to stdout; data is never taken for markup or control codes."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fieldvault.errors import BatchError, FieldvaultError, KeyStoreNotReady, OpenError

LOCAL_KEK_WARNING = "a local KEK is for development"


def stderr() -> Console:
    """For messages; lines are not broken where nobody looks."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def stdout() -> Console:
    """For results that people read."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def say(message: str, *, label: str = "", style: str = "") -> None:
    """One message to stderr, e.g. `warning: …`."""
    line = Text()
    if label:
        line.append(f"{label}: ", style=style)
    line.append(printable(message))
    stderr().print(line)


def write_json(value: Mapping[str, Any]) -> None:
    """One line of JSON to stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def show_table(columns: list[str], rows: list[list[str]], *, right: tuple[str, ...] = ()) -> None:
    """A table to stdout: drawn on a terminal, columns of plain text in a pipe."""
    console = stdout()
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    if console.is_terminal:
        console.print(table)
    else:
        widths = [max(len(line[at]) for line in [columns, *rows]) for at in range(len(columns))]
        for line in [columns, *rows]:
            cells = (printable(cell).ljust(width) for cell, width in zip(line, widths, strict=True))
            sys.stdout.write("  ".join(cells).rstrip() + "\n")


def report_error(error: FieldvaultError, *, as_json: bool) -> None:
    """`error:` and `hint:` to stderr, or one JSON object to stdout."""
    first = error.failures[min(error.failures)] if isinstance(error, BatchError) else error
    hint = "fieldvault keys create-tables" if isinstance(error, KeyStoreNotReady) else error.hint
    if as_json:
        stage = first.stage.value if isinstance(first, OpenError) else None
        write_json(
            {
                "error": {
                    "class": type(first).__name__,
                    "message": error.message,
                    "hint": hint,
                    "stage": stage,
                    "field": first.field,
                }
            }
        )
        return
    say(error.message, label="error", style="bold red")
    if hint:
        say(hint, label="hint", style="bold")


def printable(text: str) -> str:
    """`text` without what a terminal would obey: control codes, escapes, bidirectional overrides."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in text)


@contextmanager
def warnings_as_messages() -> Iterator[None]:
    """Show a local KEK's warning as one line, once, and leave all others as they are."""
    shown: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if LOCAL_KEK_WARNING not in str(message):
            original(message, category, filename, lineno, file, line)
        elif LOCAL_KEK_WARNING not in shown:
            shown.add(LOCAL_KEK_WARNING)
            say(str(message), label="warning", style="yellow")

    with warnings.catch_warnings():
        original = warnings.showwarning
        warnings.filterwarnings("always", message=LOCAL_KEK_WARNING, category=UserWarning)
        warnings.showwarning = show
        yield
