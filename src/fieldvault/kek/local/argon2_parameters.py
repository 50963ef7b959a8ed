"""How much work one guess at a passphrase costs: the parameters of Argon2id (RFC 9106) and their bounds."""

from __future__ import annotations

from dataclasses import dataclass

from fieldvault.errors import KekMisconfigured

MIN_MEMORY_KIB, MAX_MEMORY_KIB = 8192, 4_194_304
MAX_PASSES = 64
MAX_LANES = 16


@dataclass(frozen=True, slots=True)
class Argon2Parameters:
    """Memory in KiB (8192 to 4194304), passes over it (1 to 64), lanes computed side by side (1 to 16).

    Whoever can alter a KEK file chooses what opening it costs, so the bounds (spec keyring-v1 §7) hold for a file's
    parameters as for a caller's, and before any memory is allocated. Raises `KekMisconfigured` outside of them.
    """

    memory_kib: int
    passes: int
    lanes: int

    def __post_init__(self) -> None:
        # RFC 9106 §3.1 also wants 8 KiB a lane; the least memory is more than that for the most lanes.
        _check("memory in KiB", self.memory_kib, MIN_MEMORY_KIB, MAX_MEMORY_KIB)
        _check("number of passes", self.passes, 1, MAX_PASSES)
        _check("number of lanes", self.lanes, 1, MAX_LANES)


def _check(what: str, value: int, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise KekMisconfigured(f"the {what} of Argon2id must be a whole number from {least} to {most}")


RFC_9106_LOW_MEMORY = Argon2Parameters(memory_kib=65536, passes=3, lanes=4)
"""The second recommended option of RFC 9106 §4, for where 2 GiB are too much. The default."""

CHEAPEST = Argon2Parameters(memory_kib=MIN_MEMORY_KIB, passes=1, lanes=1)
"""The least that is accepted. Only for tests: a guess costs an attacker next to nothing."""
