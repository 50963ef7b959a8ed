"""One table of the configuration file while it is read.

Rules of this file:

1. Every error names the file and the path of the key in it, and never the value, which may be a secret in a
   wrong place. Names are not values: those of fields, types and normalisers are shown.
2. An unknown key is refused, with the known ones and the nearest of them: a key that is misspelt and passed over
   would be a rule that does not hold.
3. A key that would hold a secret is refused by its name, and the hint says where the secret belongs.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from fieldvault.config import environment
from fieldvault.errors import ConfigurationError, FieldvaultError

T = TypeVar("T")

SECRETS: Mapping[str, str] = {
    "token": environment.VAULT_TOKEN,
    "vault_token": environment.VAULT_TOKEN,
    "secret_id": environment.VAULT_SECRET_ID,
    "jwt": environment.VAULT_JWT,
    "passphrase": environment.KEK_PASSPHRASE,
    "protection_key": environment.KEK_KEY,
    "password": environment.KEYSTORE_URL,
    "site_key": environment.PASSWORDS_SITE_KEY,
}
"""Keys that somebody may try, and the environment variable that is meant."""


class Section:
    """The table at `path` of `file`."""

    def __init__(self, file: Path, path: tuple[str, ...], values: Mapping[str, Any]) -> None:
        self.file = file
        self.path = path
        self._values = values

    def only(self, *known: str, secrets: Mapping[str, str] = SECRETS) -> None:
        """Raises `ConfigurationError` for any other key than these; `secrets` says where a secret belongs."""
        for key in self._values:
            if key in known:
                continue
            if key in secrets:
                raise self.error(
                    key,
                    "a secret does not belong in this file",
                    hint=f"set {secrets[key]} in the environment, or {secrets[key]}_FILE; "
                    "a secret that was here may have been copied, so replace it",
                )
            raise self.error(key, "there is no such key", hint=suggestion(key, known))

    def error(self, key: str | None, message: str, *, hint: str | None = None) -> ConfigurationError:
        """The error to raise about `key`, or about the whole table."""
        path = ".".join(_quoted(part) for part in (*self.path, *([] if key is None else [key])))
        return ConfigurationError(f"{self.file}: {path}: {message}", hint=hint)

    def text(self, key: str) -> str | None:
        """A text, None where there is none."""
        value: str | None = self._of_type(key, str, "a text in quotes")
        if value == "":
            raise self.error(key, "must not be empty")
        return value

    def required_text(self, key: str, *, hint: str | None = None) -> str:
        value = self.text(key)
        if value is None:
            raise self.error(key, "is missing", hint=hint)
        return value

    def choice(self, key: str, choices: Iterable[str]) -> str | None:
        """One of `choices`, None where the key is missing."""
        known = list(choices)
        value = self.text(key)
        if value is not None and value not in known:
            raise self.error(key, "is not one of the possible values", hint=suggestion(value, known))
        return value

    def integer(self, key: str) -> int | None:
        value: int | None = self._of_type(key, int, "a whole number")
        return value

    def number(self, key: str) -> float | None:
        value = self._of_type(key, (int, float), "a number")
        return None if value is None else float(value)

    def seconds(self, key: str, default: float) -> float:
        """More than 0."""
        value = self.number(key)
        if value is not None and not 0 < value < float("inf"):
            raise self.error(key, "must be more than 0 seconds")
        return default if value is None else value

    def flag(self, key: str, default: bool) -> bool:
        value: bool | None = self._of_type(key, bool, "true or false")
        return default if value is None else value

    def moment(self, key: str) -> date | None:
        """A date, or a date with a time."""
        value: date | None = self._of_type(key, date, "a date without quotes, e.g. 2027-06-30")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """One text, or a list of texts; none where the key is missing."""
        value = self._values.get(key)
        given = [] if value is None else value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) and one for one in given):
            raise self.error(key, "must be a text in quotes, or a list of them")
        return tuple(given)

    def integers(self, key: str) -> tuple[int, ...]:
        """One whole number, or a list of them; none where the key is missing."""
        value = self._values.get(key)
        given = [] if value is None else value if isinstance(value, list) else [value]
        if not all(type(one) is int for one in given):
            raise self.error(key, "must be a whole number, or a list of them")
        return tuple(given)

    def section(self, key: str) -> Section:
        """The table under `key`; an empty one where it is missing."""
        value = self._of_type(key, dict, "a table")
        return Section(self.file, (*self.path, key), value or {})

    def sections(self, key: str) -> list[Section]:
        """One table, or a list of tables; none where the key is missing."""
        value = self._values.get(key)
        given = [] if value is None else value if isinstance(value, list) else [value]
        if not all(isinstance(one, dict) for one in given):
            raise self.error(key, "must be a table, or a list of them")
        return [Section(self.file, (*self.path, key), one) for one in given]

    def has_text(self, key: str) -> bool:
        return isinstance(self._values.get(key), str)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    @property
    def names(self) -> list[str]:
        """The keys that are there."""
        return list(self._values)

    def _of_type(self, key: str, kind: type[Any] | tuple[type[Any], ...], what: str) -> Any:
        value = self._values.get(key)
        if value is None or (isinstance(value, kind) and (kind is bool or not isinstance(value, bool))):
            return value
        raise self.error(key, f"must be {what}")


def placed(section: Section, key: str | None, make: Callable[..., T], *given: Any) -> T:
    """`make(*given)`; what a declaration refuses is reported with its place in the file."""
    try:
        return make(*given)
    except ConfigurationError:
        raise  # has its place already
    except FieldvaultError as error:
        refused = section.error(key, error.message, hint=error.hint)
    raise refused


def suggestion(given: str, known: Iterable[str]) -> str:
    """A hint: the nearest of `known`, where one is near, and all of them."""
    names = list(known)
    near = difflib.get_close_matches(given, names, n=1)
    return (f"did you mean {near[0]}? " if near else "") + f"known here: {', '.join(names) or 'none'}"


def _quoted(part: str) -> str:
    return part if part.replace("_", "").replace("-", "").isalnum() else f'"{part}"'
