"""Which core runs: decided once, when this is imported.

`FIELDVAULT_CORE=python` or `native` asks for one; without it the native core runs where it is installed. Asking for
one that is missing raises, and so does a native core of another interface: neither falls back in silence.
`FIELDVAULT_THREADS` says how many threads one call of the native core may use, as `use_threads` does later.
`FIELDVAULT_AEAD=ipsec-mb` has it call Intel's multi-buffer library, found at run time, in the place of aws-lc-rs.
"""

from __future__ import annotations

import os
from types import ModuleType

from fieldvault.errors import ConfigurationError

INTERFACE = 1
"""Of the native core that this release works with."""

MAX_THREADS = 256

AEADS = ("aws-lc", "ipsec-mb")


def _chosen(asked: str) -> ModuleType | None:
    if asked == "python":
        return None
    if asked not in ("", "native"):
        raise ConfigurationError("FIELDVAULT_CORE must be 'python' or 'native'")
    try:
        import fieldvault_native as module
    except ModuleNotFoundError as error:
        if error.name != "fieldvault_native":
            raise
        missing = True
    else:
        missing = False
    if missing:
        if not asked:
            return None
        raise ConfigurationError(
            "FIELDVAULT_CORE=native, but the native core is not installed", hint="pip install fieldvault-native"
        )
    if module.INTERFACE != INTERFACE:
        raise ConfigurationError(
            f"the installed fieldvault-native has interface {module.INTERFACE}, this release needs {INTERFACE}",
            hint="pip install --upgrade fieldvault fieldvault-native, or set FIELDVAULT_CORE=python",
        )
    return module


def use_threads(count: int) -> None:
    """Let each call of the native core use up to `count` threads (1 to 256) from now on, in the whole process.

    Only batches of more than about 256 KiB are divided. The pure-Python core has one thread, whatever is set.
    Raises `ConfigurationError` for another number.
    """
    if type(count) is not int or not 1 <= count <= MAX_THREADS:
        raise ConfigurationError(f"the native core uses 1 to {MAX_THREADS} threads")
    if MODULE is not None:
        MODULE.set_threads(count)


def _use_aead(asked: str) -> None:
    if not asked:
        return
    if asked not in AEADS:
        raise ConfigurationError(f"FIELDVAULT_AEAD must be {' or '.join(map(repr, AEADS))}")
    if MODULE is None:
        raise ConfigurationError(
            f"FIELDVAULT_AEAD={asked}, but the pure-Python core runs, which has its ciphers from cryptography",
            hint="pip install fieldvault-native, or leave FIELDVAULT_AEAD unset",
        )
    try:
        MODULE.use_aead(asked)
    except MODULE.AeadUnavailable as error:
        why = str(error)
    else:
        return
    raise ConfigurationError(
        f"FIELDVAULT_AEAD={asked}, but {why}", hint="apt install libipsec-mb1, or leave FIELDVAULT_AEAD unset"
    )


def _threads(asked: str) -> int:
    if not (asked.isascii() and asked.isdecimal()):
        raise ConfigurationError(f"FIELDVAULT_THREADS must be a number from 1 to {MAX_THREADS}")
    return int(asked)


MODULE = _chosen(os.environ.get("FIELDVAULT_CORE", ""))
"""The native core's module, None where the pure-Python one runs."""

_use_aead(os.environ.get("FIELDVAULT_AEAD", ""))

NAME = "python" if MODULE is None else "native"

DESCRIPTION = (
    "pure Python, on cryptography" if MODULE is None else f"native {MODULE.__version__}, on {MODULE.aead_library()}"
)
"""For people: which core, and whose ciphers."""

use_threads(_threads(os.environ.get("FIELDVAULT_THREADS", "1")))
