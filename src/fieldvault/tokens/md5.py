"""The index over MD5: from a legacy look-up column `md5(email)` to a keyed one (spec index-kinds-v1 §3.6).

What is MACed is the digest that the legacy column holds, so the column's values can be upgraded without the
plaintext. MD5 adds nothing to the protection and takes nothing from it: the key is what protects.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import md5
from typing import Any

from fieldvault.core.derive import IndexPlace
from fieldvault.errors import NotIndexable, SchemaError
from fieldvault.tokens.base import BlindIndex, Slot

_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_ASCII_SPACE = " "


class LegacyStep(StrEnum):
    """What the legacy code did to a value before it took the MD5."""

    TRIM = "trim"
    """Spaces off both ends: SQL's TRIM."""
    STRIP = "strip"
    """White space off both ends: Python's str.strip(), about what PHP's trim() takes."""
    LOWER = "lower"
    """Lower case of Unicode: str.lower(), PostgreSQL's lower() in a UTF-8 locale, MySQL's LOWER()."""
    LOWER_ASCII = "lower-ascii"
    """A to Z only: SQLite's lower(), PHP's strtolower() since version 8."""
    LATIN1 = "latin-1"
    """Encoded as ISO 8859-1 in place of UTF-8."""


@dataclass(frozen=True, slots=True)
class Md5Recipe:
    """How the legacy column was made: `md5(steps(value))`, e.g. `Md5Recipe("trim", "lower")`.

    Prove it on values that you know before you declare it: `proves`.
    """

    steps: tuple[LegacyStep, ...]

    def __init__(self, *steps: LegacyStep | str) -> None:
        try:
            known = tuple(LegacyStep(step) for step in steps)
        except ValueError:
            known = ()
        if len(known) < len(steps) or len(set(known)) < len(known):
            raise SchemaError(
                "a recipe's steps are named, each at most once", hint=", ".join(step.value for step in LegacyStep)
            )
        object.__setattr__(self, "steps", known)

    @property
    def name(self) -> str:
        """What stands for it where a normaliser's name would, e.g. `md5-trim-lower@1`."""
        return "-".join(("md5", *(step.value for step in self.steps))) + "@1"

    def digest(self, value: object) -> bytes:
        """The 16 bytes of the legacy column. Raises `NotIndexable` for what the legacy code could not encode."""
        if not isinstance(value, str):
            raise NotIndexable(f"{self.name} indexes str, not {type(value).__name__}")
        text, encoding = value, "utf-8"
        for step in self.steps:
            match step:
                case LegacyStep.TRIM:
                    text = text.strip(_ASCII_SPACE)
                case LegacyStep.STRIP:
                    text = text.strip()
                case LegacyStep.LOWER:
                    text = text.lower()
                case LegacyStep.LOWER_ASCII:
                    text = text.translate(_ASCII_LOWER)
                case LegacyStep.LATIN1:
                    encoding = "latin-1"
        encoded = text.encode(encoding, errors="replace")
        if encoded.decode(encoding) != text:  # not by catching UnicodeEncodeError, which holds the value
            raise NotIndexable(f"the value cannot be encoded in {encoding}")
        return md5(encoded, usedforsecurity=False).digest()

    def proves(self, value: str, stored: str | bytes) -> bool:
        """Whether this recipe makes the stored digest, hex or bytes, of a value that you know."""
        return hmac.compare_digest(self.digest(value), digest_of(stored))


@dataclass(frozen=True, slots=True)
class Md5Index(BlindIndex):
    """Finds rows by equality, like `ExactIndex`, over the MD5 that a legacy column held.

    `recipe` is how that column was made. Values: `RecordCipher.index_digests` makes them from the legacy digests,
    sealing a record from the value itself; both are the same. `column` is by default `<field>_<name>`.
    """

    recipe: Md5Recipe
    bits: int = 128
    name: str = "index"
    column: str | None = None
    unique: bool = False

    def __post_init__(self) -> None:
        self._check()

    @property
    def is_unique(self) -> bool:
        return self.unique

    def slots(self, schema: str, field: str) -> tuple[Slot, ...]:
        column = self._stem(field)
        place = IndexPlace(schema, field, self.name, self.recipe.name, self.bits, kind="md5")
        return (Slot(column, place, f"{column}_next" if self.unique else None),)

    def normalise_many(self, values: Sequence[Any]) -> Sequence[bytes]:
        return [self.recipe.digest(value) for value in values]

    def query(self, slots: Sequence[Slot], value: Any) -> tuple[Slot, list[bytes]]:
        return slots[0], [self.recipe.digest(value)]

    def same(self, wanted: Any, opened: Any) -> bool:
        try:
            return hmac.compare_digest(self.recipe.digest(wanted), self.recipe.digest(opened))
        except NotIndexable:
            return False


def digest_of(stored: str | bytes) -> bytes:
    """The 16 bytes of a legacy cell: hex of either case, with spaces around it as a CHAR column pads, or the bytes.

    Raises `NotIndexable` for anything else.
    """
    if isinstance(stored, bytes | bytearray | memoryview) and len(stored) == 16:
        return bytes(stored)
    text = stored.strip(" ") if isinstance(stored, str) else ""
    if len(text) != 32 or not text.isascii() or not all(one in "0123456789abcdefABCDEF" for one in text):
        raise NotIndexable("the legacy cell is no MD5 digest", hint="32 hex digits, or 16 bytes")
    return bytes.fromhex(text)
