"""The environment variables that fieldvault reads, all of them, and how a secret is taken from one.

Rules of this file:

1. A secret NAME comes from the variable NAME, or from the file that NAME_FILE points to (mounted secrets). Both at
   once are refused, because nobody could say which one is meant.
2. A secret is not read here: what is returned says where it is, and is read when it is needed.
3. An empty variable is an unset one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from fieldvault.errors import ConfigurationError

CONFIG = "FIELDVAULT_CONFIG"
"""Path of the configuration file."""
KEYSTORE_URL = "FIELDVAULT_KEYSTORE_URL"
"""Replaces `keystore.url`; the place for a URL that holds a password."""
DATABASE_URL = "FIELDVAULT_DATABASE_URL"
"""Replaces `database.url`; the place for a URL that holds a password."""
TOKENS_URL = "FIELDVAULT_TOKENS_URL"
"""Replaces every `domain.NAME.url` that is there; the place for a URL that holds a password."""
PASSWORDS_URL = "FIELDVAULT_PASSWORDS_URL"
"""Replaces `passwords.url`; the place for a URL that holds a password."""
PASSWORDS_SITE_KEY = "FIELDVAULT_PASSWORDS_SITE_KEY"
"""Of legacy expressions that use `site_key`: the salt that the old application kept in its configuration."""
LEGACY_KEY = "FIELDVAULT_LEGACY_KEY"
"""Of what columns are moved from by `reencrypt --from`: a key, a passphrase, or a site's SECRET_KEY."""
LEGACY_CIPHER_KEY = "FIELDVAULT_LEGACY_CIPHER_KEY"
"""A site's CRYPTOGRAPHY_KEY, for django-cryptography, where it sets one."""
KEK_PASSPHRASE = "FIELDVAULT_KEK_PASSPHRASE"  # noqa: S105
"""Of a local KEK with `protect = "passphrase"`."""
KEK_KEY = "FIELDVAULT_KEK_KEY"
"""Of a local KEK with `protect = "key"`: 32 bytes in base64url."""
VAULT_ADDRESS = "VAULT_ADDR"
"""Stands in for a `kek.address` that the file leaves out."""
VAULT_TOKEN = "VAULT_TOKEN"  # noqa: S105
"""For `auth = "token"`."""
VAULT_SECRET_ID = "FIELDVAULT_VAULT_SECRET_ID"  # noqa: S105
"""For `auth = "approle"`."""
VAULT_JWT = "FIELDVAULT_VAULT_JWT"
"""For `auth = "jwt"`, and for `"kubernetes"` where the service account's token is not in its usual place."""

Prompt = Callable[[str], str]
"""Asks a person for a secret, e.g. `getpass.getpass`; the argument says for what."""

SecretSource = Path | Callable[[], str]
"""Where a secret is: the file that holds it, or a callable that returns it."""


class Environment:
    """Environment variables; `os.environ`, or a mapping of a test's own. Its repr shows nothing."""

    __slots__ = ("_variables",)

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def get(self, name: str) -> str | None:
        """The variable's value, None if it is unset or empty."""
        return self._variables.get(name) or None

    def secret(self, name: str) -> SecretSource | None:
        """Where the secret `name` is, None if nowhere. Raises `ConfigurationError` if it is in two places."""
        file = self.get(f"{name}_FILE")
        if file is None:
            return Variable(self._variables, name) if self.get(name) is not None else None
        if self.get(name) is not None:
            raise ConfigurationError(f"both {name} and {name}_FILE are set", hint="unset one of them")
        return Path(file)

    def required_secret(self, name: str, what: str) -> SecretSource:
        """Where the secret `name` is. Raises `ConfigurationError` if it is nowhere, or in two places."""
        source = self.secret(name)
        if source is None:
            raise ConfigurationError(
                f"{what} is needed, and {name} is not set",
                hint=f"set {name}, or {name}_FILE to the path of a file that holds it",
            )
        return source

    def of_other_kek(self, which: str) -> Environment:
        """For `[kek.new]` and `[kek.old]`: NAME_NEW or NAME_OLD goes before NAME."""
        return Environment(_Suffixed(self._variables, which.upper()))

    def __repr__(self) -> str:
        return "<Environment: hidden>"


class _Suffixed(Mapping[str, str]):
    """Variables in which NAME_SUFFIX, or NAME_SUFFIX_FILE, stands for both NAME and NAME_FILE where it is set."""

    def __init__(self, variables: Mapping[str, str], suffix: str) -> None:
        self._variables = variables
        self._suffix = suffix

    def __getitem__(self, name: str) -> str:
        bare = name.removesuffix("_FILE")
        own = f"{bare}_{self._suffix}"
        if self._variables.get(own) or self._variables.get(f"{own}_FILE"):
            return self._variables[own + name.removeprefix(bare)]
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


class Variable:
    """Reads a variable each time it is called."""

    __slots__ = ("_name", "_variables")

    def __init__(self, variables: Mapping[str, str], name: str) -> None:
        self._variables = variables
        self._name = name

    def __call__(self) -> str:
        return self._variables.get(self._name, "")

    def __repr__(self) -> str:
        return f"Variable({self._name!r})"
