"""The command's root: global options, and how every command ends."""

from __future__ import annotations

import logging
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import click

from fieldvault._version import __version__
from fieldvault.cli.commands import COMMANDS
from fieldvault.cli.console import say
from fieldvault.cli.exit_codes import ExitCode, epilog
from fieldvault.cli.session import Session
from fieldvault.core.native import DESCRIPTION


class _InOrder(click.Group):
    """Lists commands in the order in which one meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)


@click.group(
    cls=_InOrder,
    epilog=epilog(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    commands=COMMANDS,
)
@click.option(
    "--config",
    "config_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The configuration file; else FIELDVAULT_CONFIG, else ./fieldvault.toml.",
)
@click.option("-v", "--verbose", is_flag=True, help="Say what is done, on stderr; never values, keys or tokens.")
@click.version_option(__version__, prog_name="fieldvault", message=f"%(prog)s %(version)s, core: {DESCRIPTION}")
@click.pass_context
def app(context: click.Context, config_path: Path | None, verbose: bool) -> None:
    """Seal fields of files under keys that Vault, OpenBao or a local file holds; find and open them again.

    Begin with `fieldvault init`, or see it all with `fieldvault demo`. Secrets are never options: they come from
    the environment (NAME, or NAME_FILE for a file that holds it), or are asked for on a terminal.
    """
    if verbose:
        _log_to_stderr()
    context.obj = context.with_resource(Session(config_path))


def run() -> int:
    """Run the command line of this process; returns its exit code."""
    sys.excepthook = _unexpected
    signal.signal(signal.SIGTERM, _terminated)
    if hasattr(signal, "SIGHUP"):  # a terminal that goes away
        signal.signal(signal.SIGHUP, _terminated)
    try:
        result: Any = app.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        say("interrupted", label="error", style="bold red")
        return ExitCode.INTERRUPTED
    return result if isinstance(result, int) else ExitCode.OK


def _log_to_stderr() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("fieldvault")
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG)


def _unexpected(kind: type[BaseException], error: BaseException, frames: TracebackType | None) -> None:
    # An exception's text may quote a value, so an unforeseen one shows its class and where it was, no more.
    say(f"unexpected {kind.__name__}, a fault of fieldvault", label="error", style="bold red")
    say("please report it with these lines; they hold no data", label="hint", style="bold")
    for frame in traceback.extract_tb(frames):
        say(f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}")
    del error


def _terminated(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    # Unwinds the stack, so that an output under way is removed.
    raise SystemExit(ExitCode.TERMINATED)
