"""What a legacy scheme is to the rest: it splits what is stored, and computes its digest anew from a password."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LegacyHash:
    """A stored legacy string, split (spec password-v1 §4).

    `setting` is what else goes into the digest beside the password: the salt, and for a crypt scheme its rounds.
    `digest` is canonical: lower-case hexadecimal, or the checksum text of a crypt scheme.
    """

    setting: bytes = field(repr=False)
    digest: str = field(repr=False)


class Scheme(Protocol):
    """A way in which passwords were hashed once. Immutable, thread-safe."""

    @property
    def name(self) -> str:
        """Canonical, and enough to verify by: it is stored in each wrapped row."""

    @property
    def salt_is_apart(self) -> bool:
        """Is the salt in another column, so that `read` must be given it?"""

    def read(self, stored: str | bytes, salt: str | bytes | None = None) -> LegacyHash:
        """Split a stored legacy string. `salt` is the value of the salt column, where there is one.

        Raises `StoredHashMalformed` for whatever is not exactly of this scheme: truncated, of the wrong case, with
        white space around it, without its salt.
        """

    def rounds(self, setting: bytes) -> int:
        """How many MD5 computations, near enough, a digest under this setting takes.

        Raises `StoredHashMalformed` for what `read` never returns as a setting.
        """

    def digest(self, password: str, setting: bytes) -> str | None:
        """The canonical digest of a password; None for a password that the old application could not encode."""
