"""What hashing may cost this process, whoever asks and whatever is stored."""

from __future__ import annotations

from dataclasses import dataclass

from fieldvault.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class HashingLimits:
    """Bounds that hold before anything is hashed or allocated. Raises `ConfigurationError` for a bound below 1.

    A `PasswordHasher` keeps them for itself: two hashers in a process have twice the bound. A forked child has its
    own.
    """

    password_bytes: int = 4096
    """A longer password, in bytes of UTF-8, is refused: `PasswordTooLong`."""

    concurrent: int = 8
    """How many Argon2 computations of this hasher run at once; further ones wait."""

    memory_kib: int = 1024 * 1024
    """Memory of all concurrent computations together in KiB, so also the most that one may take."""

    passes: int = 16
    """The most passes that a stored string may ask for."""

    lanes: int = 16
    """The most lanes that a stored string may ask for."""

    inner_rounds: int = 2**20
    """The most MD5 rounds that a stored legacy setting (phpass, Sun MD5) may ask for."""

    wait_seconds: float = 30.0
    """How long a computation waits for its turn before `TooManyHashes`."""

    def __post_init__(self) -> None:
        for bound in ("password_bytes", "concurrent", "memory_kib", "passes", "lanes", "inner_rounds"):
            value = getattr(self, bound)
            if type(value) is not int or value < 1:
                raise ConfigurationError(f"{bound} must be a whole number from 1")
        if not self.wait_seconds >= 0:
            raise ConfigurationError("wait_seconds must not be negative")
