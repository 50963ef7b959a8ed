"""What a row is: done, legacy of one known scheme, or something that must be left alone.

1. A marker decides for the schemes that have one; a scheme without a marker is declared, and read strictly.
2. Where two declared schemes could both read a row, and no column says which one made it, the row is ambiguous and
   is left: wrapped under the wrong one, its owner could never log in again.
3. A label is for people and counts: it holds no part of what is stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fieldvault.errors import ConfigurationError, PasswordError
from fieldvault.password_migration.table import Row
from fieldvault.passwords import MARKED, Expression, HashingLimits, Scheme, Shape, ShapeKind, identify
from fieldvault.passwords.phc import parse as parse_phc


class Kind(StrEnum):
    """From what needs nothing to what needs a person."""

    CURRENT = "current"
    WRAPPED = "wrapped"
    SEALED = "sealed"
    FOREIGN = "foreign"
    UNUSABLE = "unusable"
    LEGACY = "legacy"
    UNDECLARED = "undeclared"
    AMBIGUOUS = "ambiguous"
    SUSPICIOUS = "suspicious"


@dataclass(frozen=True, slots=True)
class Declared:
    """A scheme for this column: `salt` is the salt's column, `when` what `scheme_from` holds in its rows."""

    label: str
    scheme: Scheme
    salt: str | None = None
    when: str | None = None

    @property
    def signature(self) -> str:
        """What a proof is of: the scheme, where digest and salt stand, and a probe that holds the site key."""
        scheme = self.scheme
        parts = [scheme.name, self.salt if scheme.salt_is_apart else None]
        salted = True
        if isinstance(scheme, Expression):
            parts += [scheme.form.value, repr(scheme.salt_from)]
            salted = scheme.salted
        parts.append(scheme.digest("fieldvault", b"probe" if salted else b""))
        return f"{scheme.name} {hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class Legacy:
    """What is to be wrapped."""

    label: str
    scheme: Scheme
    stored: str | bytes = field(repr=False)
    salt: str | bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sorted:
    """`legacy` is there for the kind LEGACY and no other."""

    kind: Kind
    label: str
    legacy: Legacy | None = field(default=None, repr=False)


class Sorter:
    """Sorts rows. `scheme_from` is the column that `Declared.when` is compared with, as text.

    Raises `ConfigurationError` for two labels that are the same.
    """

    def __init__(self, declared: Sequence[Declared] = (), *, scheme_from: str | None = None) -> None:
        self.declared = tuple(declared)
        self._scheme_from = scheme_from
        self._limits = HashingLimits()
        if len({one.label for one in declared}) != len(declared):
            raise ConfigurationError("two legacy schemes have the same name")

    def sort(self, row: Row) -> Sorted:
        """What the row is. Raises nothing for whatever is stored."""
        shape = identify(row.stored)
        if row.stored is None:
            return Sorted(Kind.UNUSABLE, shape.name)
        if shape.kind is ShapeKind.CURRENT:
            return self._current(shape, row.stored)
        if shape.kind not in (ShapeKind.LEGACY, ShapeKind.SUSPICIOUS):
            return Sorted(Kind(shape.kind.value), shape.name)
        found = _marked(row.stored) or self._declared(row, row.stored)
        if found is not None:
            return found
        return Sorted(Kind.UNDECLARED if shape.kind is ShapeKind.LEGACY else Kind.SUSPICIOUS, shape.name)

    def _current(self, shape: Shape, stored: str | bytes) -> Sorted:
        text = stored if isinstance(stored, str) else stored.decode("latin-1")
        if shape.name != "argon2id":
            return Sorted(Kind.CURRENT, shape.name)
        try:
            cost = parse_phc(text, self._limits).profile
        except PasswordError:
            return Sorted(Kind.SUSPICIOUS, "argon2id of absurd parameters")
        return Sorted(Kind.CURRENT, f"argon2id m={cost.memory_kib},t={cost.passes},p={cost.lanes}")

    def _declared(self, row: Row, stored: str | bytes) -> Sorted | None:
        made_by = None if self._scheme_from is None else _text(row.others.get(self._scheme_from))
        fits = []
        for one in self.declared:
            salt = _text(row.others[one.salt]) if one.salt is not None and one.scheme.salt_is_apart else None
            if one.when in (None, made_by) and _reads(one.scheme, stored, salt):
                fits.append((one, salt))
        if len(fits) > 1:
            return Sorted(Kind.AMBIGUOUS, " or ".join(one.label for one, _ in fits))
        for one, salt in fits:
            return Sorted(Kind.LEGACY, one.label, Legacy(one.label, one.scheme, stored, salt))
        return None


def _marked(stored: str | bytes) -> Sorted | None:
    for scheme in MARKED:
        if not scheme.salt_is_apart and _reads(scheme, stored, None):
            return Sorted(Kind.LEGACY, scheme.name, Legacy(scheme.name, scheme, stored, None))
    return None


def _reads(scheme: Scheme, stored: str | bytes, salt: str | bytes | None) -> bool:
    try:
        scheme.read(stored, salt)
    except PasswordError:
        return False
    return True


def _text(value: Any) -> str | bytes | None:
    """A salt as the old application took it: a number as its decimal digits."""
    if value is None or isinstance(value, str | bytes):
        return value
    return bytes(value) if isinstance(value, bytearray | memoryview) else str(value)
