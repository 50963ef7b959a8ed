"""What one Argon2id hash costs: parameters named after who recommends them."""

from __future__ import annotations

from dataclasses import dataclass

from fieldvault.errors import ConfigurationError

MAX_MEMORY_KIB = 2**32 - 1  # RFC 9106 §3.1
MAX_PASSES = 2**32 - 1
MAX_LANES = 2**24 - 1


@dataclass(frozen=True, slots=True)
class Argon2Profile:
    """Parameters of Argon2id, version 0x13 (RFC 9106 §3.1).

    `memory_kib` is the memory of one hash in KiB, at least 8 a lane. `passes` go over it. `lanes` are computed side
    by side, each in a thread of its own. `salt_bytes` (8 to 48) and `hash_bytes` (12 to 64) are lengths.
    Raises `ConfigurationError` outside these ranges.
    """

    memory_kib: int
    passes: int
    lanes: int
    salt_bytes: int = 16
    hash_bytes: int = 32

    def __post_init__(self) -> None:
        _check("number of lanes", self.lanes, 1, MAX_LANES)
        _check("memory in KiB", self.memory_kib, 8 * self.lanes, MAX_MEMORY_KIB)
        _check("number of passes", self.passes, 1, MAX_PASSES)
        _check("length of the salt in bytes", self.salt_bytes, 8, 48)
        _check("length of the hash in bytes", self.hash_bytes, 12, 64)

    @property
    def work(self) -> int:
        """KiB that are filled over all passes: what a hash costs, near enough."""
        return self.memory_kib * self.passes


def _check(what: str, value: int, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise ConfigurationError(f"the {what} of Argon2id must be a whole number from {least} to {most}")


RFC_9106_HIGH_MEMORY = Argon2Profile(memory_kib=2 * 1024 * 1024, passes=1, lanes=4)
"""The first recommended option of RFC 9106 §4: 2 GiB a hash. Needs `HashingLimits` that allow as much."""

RFC_9106_LOW_MEMORY = Argon2Profile(memory_kib=64 * 1024, passes=3, lanes=4)
"""The second recommended option of RFC 9106 §4: 64 MiB a hash. The default, as of argon2-cffi."""

OWASP_MINIMUM = Argon2Profile(memory_kib=19 * 1024, passes=2, lanes=1)
"""The minimum of OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane."""

DJANGO = Argon2Profile(memory_kib=100 * 1024, passes=2, lanes=8)
"""What Django's `Argon2PasswordHasher` uses: 100 MiB, 2 passes, 8 lanes."""

CHEAPEST = Argon2Profile(memory_kib=8, passes=1, lanes=1)
"""The least that Argon2 takes. Only for tests: a guess costs an attacker next to nothing."""
