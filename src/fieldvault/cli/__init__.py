"""The `fieldvault` command: a composition root for people and scripts.

Rules of this package:

1. Data goes to stdout, and only where it was asked for; messages go to stderr. With `--json`, stdout is JSON.
2. No secret is an option or an argument: argv is public. They come from the environment, a file or a terminal.
3. What fails ends with an exit code of `exit_codes`, a message and a hint; never with a traceback that holds data.
4. A command imports what it needs when it runs, so that `--help` is quick.
"""

from __future__ import annotations

import sys

from fieldvault.cli.exit_codes import ExitCode


def main() -> None:
    """The entry point of `fieldvault` and of `python -m fieldvault`."""
    try:
        from fieldvault.cli.app import run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"click", "rich"}:
            raise
        sys.stderr.write(
            "error: the command line needs packages that are not installed\nhint: pip install 'fieldvault[cli]'\n"
        )
        sys.exit(ExitCode.CONFIGURATION)
    sys.exit(run())
