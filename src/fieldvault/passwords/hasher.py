"""PasswordHasher: hash, verify, wrap what is legacy, say what should be hashed again.

Rules of this file:

1. Every answer to a password costs one Argon2id of the hasher's own profile, near enough: for an unknown user, a
   row with weaker parameters, a legacy row and a row that is refused. Inner digests come on top (spec
   password-v1 §8).
2. Whatever is missing (a pepper, a scheme, memory) raises. There is no weaker way.
3. No frame that an error leaves through holds a password, a digest, a salt or a stored string.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Literal

from fieldvault.attempts import attempt
from fieldvault.errors import ConfigurationError, PasswordError, StoredHashMalformed
from fieldvault.passwords import text as texts
from fieldvault.passwords import wrapped
from fieldvault.passwords.argon2id import Argon2id
from fieldvault.passwords.gate import HashingGate
from fieldvault.passwords.limits import HashingLimits
from fieldvault.passwords.pepper import HashSealer, Pepper
from fieldvault.passwords.peppering import NO_DIGEST, Peppering, password_digest
from fieldvault.passwords.profiles import RFC_9106_LOW_MEMORY, Argon2Profile
from fieldvault.passwords.reading import BareRow, PlainRow, Reader, Row, WrappedRow
from fieldvault.passwords.schemes.base import LegacyHash, Scheme
from fieldvault.passwords.shapes import Shape, identify


class PasswordHasher:
    """Thread-safe; a forked child may go on using it. One a process is right: the limits are each hasher's own.

    `profile` is what new hashes cost. `schemes` are the legacy schemes whose bare rows this hasher verifies too,
    until they are wrapped; wrapped rows need none of them, except a scheme with a `site_key`. `pepper` and
    `sealer` are of `fieldvault.peppers`. `text` says what two Unicode spellings of a password are: two passwords
    (`AsGiven`, the default), or one (`Nfc`).

    Passwords are `str`, or `bytes` of UTF-8. Every method that takes one raises `PasswordTooLong` or
    `PasswordRefused` before it hashes, `TooManyHashes` when its turn does not come, `HashingFailed` for lack of
    memory, and with a pepper or a sealer `KekError` (or `KeyStoreError`) during an outage.

    Raises `ConfigurationError` for a profile that its own limits refuse, and for two schemes of one name.
    """

    def __init__(
        self,
        profile: Argon2Profile = RFC_9106_LOW_MEMORY,
        *,
        schemes: Sequence[Scheme] = (),
        pepper: Pepper | None = None,
        sealer: HashSealer | None = None,
        limits: HashingLimits | None = None,
        text: texts.TextRule | None = None,
    ) -> None:
        self.profile = profile
        self.limits = limits or HashingLimits()
        self.schemes = tuple(schemes)
        self.gate = HashingGate(self.limits)
        """How many hashes are under way, for metrics."""
        self._text = text or texts.AsGiven()
        self._argon2id = Argon2id(self.gate)
        self._peppering = Peppering(pepper)
        self._sealer = sealer
        self._reader = Reader(self.schemes, self.limits, sealer)
        if (
            profile.memory_kib > self.limits.memory_kib
            or profile.passes > self.limits.passes
            or profile.lanes > self.limits.lanes
        ):
            raise ConfigurationError(
                "the profile asks for more memory, passes or lanes than its limits allow",
                hint="give HashingLimits(memory_kib=…, passes=…, lanes=…) that fit it",
            )

    # --- a person's password -------------------------------------------------------------------

    def hash(self, password: str | bytes) -> str:
        """A new stored string: a PHC string of Argon2id, wrapped where there is a pepper, sealed where a sealer."""
        stored = attempt(self._hash, password)
        del password
        return stored.or_raise()

    def verify(self, password: str | bytes, stored: str | bytes, *, salt: str | bytes | None = None) -> bool:
        """Is it the password? `salt` is the row's salt column, for bare legacy rows of a scheme that has one.

        Raises `StoredHashMalformed` (`HashParametersRefused`) or `SchemeUnknown` for a row that cannot be verified,
        after spending the same time, and `OpenError` for a sealed row that was altered.
        """
        matches = attempt(self._verify, password, stored, salt)
        del password, stored, salt
        return matches.or_raise()

    def verify_and_update(
        self, password: str | bytes, stored: str | bytes, *, salt: str | bytes | None = None
    ) -> tuple[bool, str | None]:
        """`(True, new)`: store `new` in place of `stored`, if nobody changed it meanwhile; `(True, None)`: it is
        current; `(False, None)`: not the password. Raises as `verify`."""
        answer = attempt(self._verify_and_update, password, stored, salt)
        del password, stored, salt
        return answer.or_raise()

    def verify_unknown_user(self, password: str | bytes) -> Literal[False]:
        """For a login whose user does not exist: False, at the cost of a `verify` that fails."""
        attempted = attempt(self._verify_unknown_user, password)
        del password
        attempted.or_raise()
        return False

    # --- a stored row --------------------------------------------------------------------------

    def needs_rehash(self, stored: str | bytes) -> bool:
        """Would `verify_and_update` replace it? True for every legacy and every wrapped legacy row.

        Raises `StoredHashMalformed` or `SchemeUnknown`, and `KekError` where the newest pepper is not known yet.
        """
        answer = attempt(self._needs_rehash, stored)
        del stored
        return answer.or_raise()

    def identify(self, stored: str | bytes) -> Shape:
        """What it looks like; see `shapes.identify`. Asks nobody, raises nothing."""
        return identify(stored)

    # --- without the password ------------------------------------------------------------------

    def wrap(self, stored: str | bytes, scheme: Scheme, *, salt: str | bytes | None = None) -> str:
        """Argon2id over a legacy digest. `salt` is the salt column, where the scheme has one.

        Raises `StoredHashMalformed` for what is not exactly of `scheme`, so a wrapped row is never wrapped again.
        """
        answer = attempt(self._wrap_many, [(stored, salt)], scheme)
        del stored, salt
        [result] = answer.or_raise()
        if isinstance(result, PasswordError):
            raise result
        return result

    def wrap_many(
        self, rows: Sequence[tuple[str | bytes, str | bytes | None]], scheme: Scheme
    ) -> list[str | StoredHashMalformed]:
        """`wrap` for pairs of a stored string and its salt column (None without), in order, one after the other.

        A row that is refused is returned as its error. One call to the pepper for all. To use several cores, call
        it from several threads: Argon2 releases the GIL.
        """
        answer = attempt(self._wrap_many, rows, scheme)
        del rows
        return answer.or_raise()

    def reseal(self, stored: str) -> str | None:
        """The row sealed under the sealer's current key, without the password; None where it is already.

        Raises `ConfigurationError` without a sealer, else as `HashSealer.open` and `seal`.
        """
        answer = attempt(self._reseal, stored)
        del stored
        return answer.or_raise()

    # --- inside --------------------------------------------------------------------------------

    def _hash(self, password: str | bytes) -> str:
        return self._sealed(self._hashed(texts.accept(password, self.limits.password_bytes)))

    def _hashed(self, password: str) -> str:
        given = self._text.encode(password)
        if not self._peppering.on:
            return self._argon2id.hash(given, self.profile)
        [stored] = self._over_digests([LegacyHash(b"", password_digest(given))], wrapped.PASSWORD_SCHEME)
        return stored

    def _over_digests(self, legacy: Sequence[LegacyHash], scheme: str) -> list[str]:
        secrets, use = self._peppering.secrets([one.digest for one in legacy])
        return [
            wrapped.encode(scheme, one.setting, use, self._argon2id.hash(secret, self.profile))
            for one, secret in zip(legacy, secrets, strict=True)
        ]

    def _verify(self, password: str | bytes, stored: str | bytes, salt: str | bytes | None) -> bool:
        given = texts.accept(password, self.limits.password_bytes)
        return self._matches(given, self._read_or_burn(stored, salt))

    def _verify_and_update(
        self, password: str | bytes, stored: str | bytes, salt: str | bytes | None
    ) -> tuple[bool, str | None]:
        given = texts.accept(password, self.limits.password_bytes)
        row = self._read_or_burn(stored, salt)
        if not self._matches(given, row):
            return False, None
        return True, self._sealed(self._hashed(given)) if self._is_stale(row) else None

    def _verify_unknown_user(self, password: str | bytes) -> None:
        given = texts.accept(password, self.limits.password_bytes)
        self._text.encode(given)
        self._peppering.spend()
        self._argon2id.burn(self.profile)

    def _read_or_burn(self, stored: str | bytes, salt: str | bytes | None) -> Row:
        try:
            return self._reader.read(stored, salt)
        except PasswordError:
            self._peppering.spend()
            self._argon2id.burn(self.profile)
            raise

    def _matches(self, password: str, row: Row) -> bool:
        match row.content:
            case PlainRow(phc):
                self._peppering.spend()
                matches = self._argon2id.verify(self._text.encode(password), phc)
                self._top_up(phc.profile)
            case WrappedRow(scheme, hashed):
                if scheme is None:
                    digest: str | None = password_digest(self._text.encode(password))
                else:
                    digest = scheme.digest(password, hashed.setting)
                [secret] = self._peppering.secrets_under(hashed.pepper, [digest or NO_DIGEST])
                matches = self._argon2id.verify(secret, hashed.phc) and digest is not None
                self._top_up(hashed.phc.profile)
            case BareRow(scheme, legacy):
                self._peppering.spend()
                self._argon2id.burn(self.profile)
                digest = scheme.digest(password, legacy.setting)
                matches = hmac.compare_digest((digest or NO_DIGEST).encode(), legacy.digest.encode())
                matches = matches and digest is not None
        return matches

    def _top_up(self, spent: Argon2Profile) -> None:
        """Spend what a row with weaker parameters has left over, so that its user is not told apart by time."""
        memory_kib = (self.profile.work - spent.work) // self.profile.passes
        if memory_kib >= 8 * self.profile.lanes:
            self._argon2id.burn(Argon2Profile(memory_kib, self.profile.passes, self.profile.lanes))

    def _needs_rehash(self, stored: str | bytes) -> bool:
        return self._is_stale(self._reader.read(stored, None, without_salt=True))

    def _is_stale(self, row: Row) -> bool:
        if self._sealer is not None and not row.sealed_currently:
            return True
        match row.content:
            case PlainRow(phc):
                return self._peppering.on or phc.profile != self.profile
            case WrappedRow(None, hashed):
                return not self._peppering.is_newest(hashed.pepper) or hashed.phc.profile != self.profile
            case _:
                return True

    def _sealed(self, stored: str) -> str:
        return stored if self._sealer is None else self._sealer.seal(stored)

    def _reseal(self, stored: str) -> str | None:
        if self._sealer is None:
            raise ConfigurationError("this hasher has no sealer")
        if not self._sealer.is_sealed(stored):
            return self._sealer.seal(stored)
        return None if self._sealer.is_current(stored) else self._sealer.seal(self._sealer.open(stored))

    def _wrap_many(
        self, rows: Sequence[tuple[str | bytes, str | bytes | None]], scheme: Scheme
    ) -> list[str | StoredHashMalformed]:
        results: list[str | StoredHashMalformed] = [StoredHashMalformed("not read") for _ in rows]
        readable: list[tuple[int, LegacyHash]] = []
        for at, (stored, salt) in enumerate(rows):
            try:
                readable.append((at, self._reader.legacy(scheme, stored, salt)))
            except StoredHashMalformed as error:
                results[at] = error.detached()
        wrapped_rows = self._over_digests([legacy for _, legacy in readable], scheme.name) if readable else []
        for (at, _), one in zip(readable, wrapped_rows, strict=True):
            results[at] = self._sealed(one)
        return results

    def __repr__(self) -> str:
        cost = f"m={self.profile.memory_kib},t={self.profile.passes},p={self.profile.lanes}"
        return f"<PasswordHasher {cost}, {len(self.schemes)} legacy schemes{', peppered' * self._peppering.on}>"
