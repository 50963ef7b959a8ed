"""How Django's column spells what `PasswordHasher` stores, and back.

Django finds a row's hasher by what is left of the first `$`, so a stored string must not begin with one:

    $argon2id$v=19$…     argon2$argon2id$v=19$…     as Django's own Argon2 hasher writes it
    $fvw1$…              fvw1$…
"""

from __future__ import annotations

from fieldvault.errors import ConfigurationError
from fieldvault.passwords.phc import PREFIX as PHC_PREFIX
from fieldvault.passwords.wrapped import PREFIX as WRAPPED_PREFIX

ARGON2 = "argon2"
WRAPPED = WRAPPED_PREFIX.strip("$")


def to_django(stored: str) -> str:
    """Raises `ConfigurationError` for a sealed string, which Django could not find a hasher for."""
    if stored.startswith(PHC_PREFIX):
        return ARGON2 + stored
    if stored.startswith(WRAPPED_PREFIX):
        return stored[1:]
    del stored
    raise ConfigurationError(
        "Django cannot find the hasher of a sealed password", hint="use a pepper, not a sealer"
    )


def from_django(encoded: str) -> str:
    """Legacy strings stay as they are."""
    if encoded.startswith(ARGON2 + PHC_PREFIX):
        return encoded[len(ARGON2) :]
    return f"${encoded}" if encoded.startswith(WRAPPED + "$") else encoded
