"""What a stored string is to a hasher: Argon2id, a wrapped legacy digest, or a declared legacy string."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fieldvault.errors import ConfigurationError, HashParametersRefused, SchemeUnknown, StoredHashMalformed
from fieldvault.passwords import phc, wrapped
from fieldvault.passwords.limits import HashingLimits
from fieldvault.passwords.pepper import HashSealer
from fieldvault.passwords.schemes.base import LegacyHash, Scheme
from fieldvault.passwords.schemes.expression import Expression
from fieldvault.passwords.schemes.names import scheme_named


@dataclass(frozen=True, slots=True)
class PlainRow:
    """Argon2id of the password."""

    phc: phc.PhcHash


@dataclass(frozen=True, slots=True)
class WrappedRow:
    """Argon2id over a digest of `scheme`; None for the scheme `password`, which has no legacy digest."""

    scheme: Scheme | None
    hashed: wrapped.WrappedHash


@dataclass(frozen=True, slots=True)
class BareRow:
    """A legacy string that is not wrapped yet."""

    scheme: Scheme
    legacy: LegacyHash


@dataclass(frozen=True, slots=True)
class Row:
    """What was read, and whether it was sealed under the sealer's current key."""

    content: PlainRow | WrappedRow | BareRow = field(repr=False)
    sealed_currently: bool


class Reader:
    """Reads rows for one hasher."""

    def __init__(self, schemes: Sequence[Scheme], limits: HashingLimits, sealer: HashSealer | None) -> None:
        self._schemes = {scheme.name: scheme for scheme in schemes}
        self._limits = limits
        self._sealer = sealer
        if len(self._schemes) != len(schemes):
            raise ConfigurationError("two legacy schemes of one name were given")
        if any(isinstance(scheme, Expression) and scheme.lacks_site_key for scheme in schemes):
            raise ConfigurationError("a legacy scheme needs its site_key", hint="Expression(…, site_key=…)")

    def read(self, stored: str | bytes, salt: str | bytes | None, *, without_salt: bool = False) -> Row:
        """Raises `StoredHashMalformed` or `SchemeUnknown`. `without_salt`: only what the row is matters."""
        sealer = self._sealer
        if isinstance(stored, bytes) and stored.startswith((phc.PREFIX.encode(), wrapped.PREFIX.encode())):
            stored = stored.decode("latin-1")  # a binary column; what is not ASCII is refused below
        if sealer is None or not isinstance(stored, str) or not sealer.is_sealed(stored):
            return Row(self._content(stored, salt, without_salt), sealed_currently=False)
        return Row(
            self._content(sealer.open(stored), salt, without_salt), sealed_currently=sealer.is_current(stored)
        )

    def legacy(self, scheme: Scheme, stored: str | bytes, salt: str | bytes | None) -> LegacyHash:
        """A legacy string, split. Raises `StoredHashMalformed`, also for more rounds than the limits allow."""
        legacy = scheme.read(stored, salt)
        self._check_rounds(scheme, legacy.setting)
        return legacy

    def _content(
        self, stored: str | bytes, salt: str | bytes | None, without_salt: bool
    ) -> PlainRow | WrappedRow | BareRow:
        if isinstance(stored, str) and stored.startswith(phc.PREFIX):
            return PlainRow(phc.parse(stored, self._limits))
        if isinstance(stored, str) and wrapped.is_wrapped(stored):
            return self._wrapped(wrapped.parse(stored, self._limits))
        for scheme in self._schemes.values():
            given = "" if without_salt and scheme.salt_is_apart else salt
            try:
                return BareRow(scheme, self.legacy(scheme, stored, given))
            except HashParametersRefused:
                raise
            except StoredHashMalformed:
                continue
        raise SchemeUnknown(
            "the stored string is neither Argon2id nor of a declared legacy scheme",
            hint="`fieldvault passwords identify` counts a table's shapes",
        )

    def _wrapped(self, hashed: wrapped.WrappedHash) -> WrappedRow:
        if hashed.scheme == wrapped.PASSWORD_SCHEME:
            if hashed.setting or hashed.pepper is None:
                raise StoredHashMalformed("a wrapped hash of the password itself has a pepper and no setting")
            return WrappedRow(None, hashed)
        scheme = self._schemes.get(hashed.scheme) or scheme_named(hashed.scheme)
        self._check_rounds(scheme, hashed.setting)
        return WrappedRow(scheme, hashed)

    def _check_rounds(self, scheme: Scheme, setting: bytes) -> None:
        rounds = scheme.rounds(setting)
        if rounds > self._limits.inner_rounds:
            del setting
            raise HashParametersRefused(
                f"a legacy string asks for {rounds} rounds, more than the limits allow",
                hint="HashingLimits(inner_rounds=…); nothing was hashed",
            )
