"""What the command's exit code says. Scripts rely on the numbers; they never change."""

from __future__ import annotations

from enum import IntEnum

from fieldvault.errors import ConfigurationError, FieldvaultError, KekError, KeyStoreError, RotationUnderWay


class ExitCode(IntEnum):
    OK = 0
    REFUSED = 1
    USAGE = 2
    CONFIGURATION = 3
    KEK = 4
    KEY_STORE = 5
    PARTIAL = 6
    BUSY = 7
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS = {
    ExitCode.OK: "done",
    ExitCode.REFUSED: "a row or value was refused, or a check failed; no output file was written",
    ExitCode.USAGE: "the command was called wrongly",
    ExitCode.CONFIGURATION: "fieldvault.toml or the environment is wrong, or a file cannot be read or written",
    ExitCode.KEK: "the KEK (Vault, OpenBao, local file) could not be used",
    ExitCode.KEY_STORE: "the key store could not be used",
    ExitCode.PARTIAL: "done but for the rows that were refused (--keep-going)",
    ExitCode.BUSY: "another run of the same work holds the lock; nothing was done",
    ExitCode.INTERRUPTED: "interrupted; nothing was written",
    ExitCode.TERMINATED: "terminated; nothing was written",
}


def code_for(error: FieldvaultError) -> ExitCode:
    """The exit code of a command that ended with this error."""
    if isinstance(error, ConfigurationError):
        return ExitCode.CONFIGURATION
    if isinstance(error, KekError):
        return ExitCode.KEK
    if isinstance(error, KeyStoreError):
        return ExitCode.KEY_STORE
    if isinstance(error, RotationUnderWay):
        return ExitCode.BUSY
    return ExitCode.REFUSED


def epilog() -> str:
    """The table for `--help`, for click: `\\b` keeps its lines."""
    return "\b\nExit codes:\n" + "\n".join(f"  {code.value:>3}  {text}" for code, text in MEANINGS.items())
