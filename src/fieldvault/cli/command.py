"""Command: how a command of ours ends when it fails, and the options that several share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fieldvault.cli.console import report_error, say, warnings_as_messages
from fieldvault.cli.exit_codes import ExitCode, code_for
from fieldvault.errors import FieldvaultError

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Command(click.Command):
    """Turns errors into a message, a hint and an exit code. Its callback returns an exit code, or None for 0."""

    def invoke(self, ctx: click.Context) -> Any:
        as_json = bool(ctx.params.get("as_json"))
        code: int
        try:
            with warnings_as_messages():
                code = super().invoke(ctx) or ExitCode.OK
        except FieldvaultError as error:
            report_error(error, as_json=as_json)
            code = code_for(error)
        except KeyboardInterrupt:
            say("interrupted; nothing was written", label="error", style="bold red")
            code = ExitCode.INTERRUPTED
        except BrokenPipeError:
            raise  # click ends quietly when nobody reads on
        except OSError as error:
            # The system's words and the file's name; neither is data.
            place = "" if error.filename is None else f"{error.filename}: "
            say(f"{place}{error.strerror or type(error).__name__}", label="error", style="bold red")
            code = ExitCode.REFUSED
        ctx.exit(code)


def options(*decorators: Decorator) -> Decorator:
    """Several option decorators as one, in this order in `--help`."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


json_option = click.option("--json", "as_json", is_flag=True, help="Results, and an error, as JSON on stdout.")
schema_option = click.option("--schema", metavar="NAME", help="Which schema; may be left out if there is only one.")
tenant_option = click.option("--tenant", metavar="TENANT", help="Whose keys; needed unless the schema is global.")
format_option = click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "jsonl", "parquet"]),
    help="The format of files whose names do not say it (.csv, .jsonl, .ndjson, .parquet).",
)
input_file = click.Path(exists=True, dir_okay=False, path_type=Path)
