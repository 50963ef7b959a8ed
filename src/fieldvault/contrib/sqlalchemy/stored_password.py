"""What a `Password` column's attribute holds: a stored hash that is compared with `==` and hidden everywhere else.

Rules of this file:

1. A comparison with a str verifies it. Where that succeeds and the stored form is outdated (a legacy digest, a
   wrapped one, other parameters), the value becomes the new hash in place, and the next flush writes it.
2. `repr` and `str` show no part of the hash.
3. A pickle holds the stored hash, as the row does, and never the hasher with its pepper. Unpickled as part of its
   mapped instance, the value finds the hasher in its column's type again.
"""

from __future__ import annotations

import hmac
from typing import Any

from sqlalchemy.ext.mutable import Mutable
from sqlalchemy.orm import InstanceState

from fieldvault.attempts import attempt
from fieldvault.errors import ConfigurationError, ValueRefused
from fieldvault.passwords import PasswordHasher


class StoredPassword(Mutable):
    """A stored password hash. `==` with a str verifies that password, at the cost of one Argon2id.

    `stored` is what the column holds, in any form that `hasher` knows.
    """

    def __init__(self, stored: str, hasher: PasswordHasher | None = None) -> None:
        self._stored = stored
        self._hasher = hasher
        self._replaces: str | None = None

    @property
    def stored(self) -> str:
        """What the column holds. It can be attacked offline: keep it out of logs and responses."""
        return self._stored

    @property
    def replaces(self) -> str | None:
        """What an upgrade replaced, None where there was none: who writes it must find this in the row."""
        return self._replaces

    def verify(self, password: str) -> bool:
        """Whether this is the password; upgrades the stored form where it is and the form is outdated.

        Raises `PasswordError` where the password is refused before hashing or the stored form is not known, and
        `KekError` where the pepper's key cannot be reached.
        """
        answer = attempt(self._find_hasher().verify_and_update, password, self._stored)
        del password  # an error's frames are shown with their locals
        correct, upgraded = answer.or_raise()
        if correct and upgraded is not None:
            self._replaces = self._replaces or self._stored
            self._stored = upgraded
            self.changed()
        return correct

    def settle(self, found: StoredPassword) -> bool:
        """Before an upgrade is written: may it be, over what the row holds now? If not, this becomes that."""
        expected = self._replaces
        self._replaces = None
        if expected is None or hmac.compare_digest(expected.encode(), found.stored.encode()):
            return True
        self._stored = found.stored
        return False

    def __eq__(self, other: object) -> bool:
        if isinstance(other, StoredPassword):
            return hmac.compare_digest(self._stored.encode(), other._stored.encode())
        if isinstance(other, str):
            answer = attempt(self.verify, other)
            del other
            return answer.or_raise()
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # an upgrade changes it in place

    def __repr__(self) -> str:
        return "<StoredPassword: hidden>"

    __str__ = __repr__

    def __getstate__(self) -> dict[str, Any]:
        return {"_stored": self._stored, "_replaces": self._replaces, "_hasher": None}

    @classmethod
    def coerce(cls, key: str, value: Any) -> StoredPassword | None:
        """What may be assigned once `Password` has hashed a str: its own kind, or None."""
        if value is None or isinstance(value, StoredPassword):
            return value
        raise ValueRefused(f"a password is a str, not {type(value).__name__}").in_field(key)

    def _find_hasher(self) -> PasswordHasher:
        if self._hasher is None:
            self._hasher = next(map(_hasher_of, self._parents.items()), None)
        if self._hasher is None:
            raise ConfigurationError(
                "this StoredPassword has no hasher", hint="pickle the mapped instance, not the value alone"
            )
        return self._hasher


def _hasher_of(parent: tuple[InstanceState[Any], str]) -> PasswordHasher | None:
    state, key = parent
    return getattr(state.mapper.column_attrs[key].columns[0].type, "hasher", None)
