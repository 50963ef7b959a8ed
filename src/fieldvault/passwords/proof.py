"""Proof that a declared scheme is the one the old application used, before anything is written.

A wrong scheme wraps every row into something that no password opens, and the digests are gone. So: known passwords
(test accounts, one's own) must give exactly what is stored for them.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from fieldvault.attempts import attempt
from fieldvault.errors import SchemeNotProved, StoredHashMalformed
from fieldvault.passwords.schemes.base import Scheme
from fieldvault.passwords.schemes.expression import Expression


@dataclass(frozen=True, slots=True)
class KnownPassword:
    """A password and what the old application stored for it. `salt` is the row's salt column, if it has one."""

    password: str = field(repr=False)
    stored: str | bytes = field(repr=False)
    salt: str | bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """What `prove` found. `failed` has the positions that the scheme does not reproduce, `malformed` those of them
    that are not even of its shape. `untested` says what the known passwords leave open."""

    scheme: str
    tried: int
    failed: tuple[int, ...]
    malformed: tuple[int, ...]
    untested: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Was there a known password, and was each reproduced?"""
        return self.tried > 0 and not self.failed

    def or_raise(self) -> Proof:
        """This proof. Raises `SchemeNotProved` if it does not hold."""
        if not self.tried:
            raise SchemeNotProved("no known password was given, so nothing is proved")
        if self.failed:
            raise SchemeNotProved(
                f"the scheme reproduces {self.tried - len(self.failed)} of {self.tried} known passwords",
                failed=self.failed,
                hint="is the order of salt and password, the encoding, the case of inner digests right?",
            )
        return self


def prove(scheme: Scheme, known: Iterable[KnownPassword]) -> Proof:
    """Compute the digest of each known password and compare it with what is stored. Raises `ConfigurationError` for
    an expression that lacks its site key; all else is in the `Proof`."""
    proof = attempt(_prove, scheme, known)
    del known
    return proof.or_raise()


def _prove(scheme: Scheme, known: Iterable[KnownPassword]) -> Proof:
    failed, malformed, proved = [], [], []
    at = -1
    for at, one in enumerate(known):
        try:
            legacy = scheme.read(one.stored, one.salt)
        except StoredHashMalformed:
            malformed.append(at)
            failed.append(at)
            continue
        digest = scheme.digest(one.password, legacy.setting)
        if digest is None or not hmac.compare_digest(digest.encode(), legacy.digest.encode()):
            failed.append(at)
        else:
            proved.append((one.password, legacy.setting))
    return Proof(scheme.name, at + 1, tuple(failed), tuple(malformed), tuple(_untested(scheme, proved)))


def _untested(scheme: Scheme, proved: list[tuple[str, bytes]]) -> list[str]:
    if not proved:
        return []
    untested = []
    if all(password.isascii() for password, _ in proved):
        untested.append("no password with a letter outside ASCII was tried, so the encoding is not proved")
    if isinstance(scheme, Expression) and scheme.salted and not any(setting for _, setting in proved):
        untested.append("every salt was empty, so where the salt goes is not proved")
    if all(len(password) <= 8 for password, _ in proved):
        untested.append("no password of more than 8 characters was tried, so truncation is not ruled out")
    if all(password == password.strip() for password, _ in proved):
        untested.append("no password with white space around it was tried, so trimming is not ruled out")
    return untested
