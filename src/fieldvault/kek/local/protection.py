"""What a local KEK is sealed under: a passphrase through Argon2id, or a key given by the environment.

The file format (spec keyring-v1 §7) knows these two and no others.
"""

from __future__ import annotations

import os
import unicodedata
from typing import Never

from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw

from fieldvault.core.derive import KEY_BYTES
from fieldvault.core.envelope import from_text
from fieldvault.errors import EnvelopeMalformed, KekMisconfigured
from fieldvault.kek.hidden import Hidden
from fieldvault.kek.local.argon2_parameters import RFC_9106_LOW_MEMORY, Argon2Parameters
from fieldvault.kek.local.kek_file import SALT_BYTES, Argon2idProtect, KeyProtect, Protect
from fieldvault.kek.local.secret_source import Secret, SecretSource

ARGON2_VERSION = 0x13
"""Of RFC 9106, and the only one that the file format knows."""


class Passphrase:
    """A passphrase, through Argon2id. Two Unicode spellings of one text are one passphrase (NFC).

    `argon2` is for files to be created. A file that is opened says itself what it was created with.
    """

    __slots__ = ("_argon2", "_secret")

    def __init__(self, source: SecretSource, *, argon2: Argon2Parameters = RFC_9106_LOW_MEMORY) -> None:
        hidden = Hidden(source)
        del source
        self._secret = Secret(hidden, "passphrase")
        self._argon2 = argon2

    def __repr__(self) -> str:
        return "<Passphrase: hidden>"

    def __reduce__(self) -> Never:
        raise TypeError("a passphrase cannot be pickled or copied")

    def for_new_file(self) -> Protect:
        """What the `protect:` line of a new file says, with a salt of its own."""
        return Argon2idProtect(self._argon2, os.urandom(SALT_BYTES))

    def key(self, protect: Protect) -> Hidden[bytes]:
        """The 32 bytes that protect a file with this line. Raises `KekMisconfigured` if they cannot be had."""
        if not isinstance(protect, Argon2idProtect):
            raise KekMisconfigured("the file is protected by a key, and a passphrase was given")
        passphrase = _encode_passphrase(self._secret.read())
        if passphrase is None:
            raise KekMisconfigured("the passphrase is not valid Unicode text")
        derived = _run_argon2id(passphrase, protect)
        if derived is None:
            raise KekMisconfigured(
                f"Argon2id could not run with {protect.parameters.memory_kib} KiB of memory",
                hint="is that much free here, and within the process's limits?",
            )
        return derived


class ProtectionKey:
    """32 random bytes, as base64url without padding: what Python's `secrets.token_urlsafe(32)` returns."""

    __slots__ = ("_secret",)

    def __init__(self, source: SecretSource) -> None:
        hidden = Hidden(source)
        del source
        self._secret = Secret(hidden, "protection key")

    def __repr__(self) -> str:
        return "<ProtectionKey: hidden>"

    def __reduce__(self) -> Never:
        raise TypeError("a protection key cannot be pickled or copied")

    def for_new_file(self) -> Protect:
        """What the `protect:` line of a new file says."""
        return KeyProtect()

    def key(self, protect: Protect) -> Hidden[bytes]:
        """The 32 bytes that protect a file with this line. Raises `KekMisconfigured` if they cannot be had."""
        if not isinstance(protect, KeyProtect):
            raise KekMisconfigured("the file is protected by a passphrase, and a key was given")
        key = _decode_key(self._secret.read())
        if key is None:
            raise KekMisconfigured(
                f"the protection key is not {KEY_BYTES} bytes in base64url without padding",
                hint='make one: python -c "import secrets; print(secrets.token_urlsafe(32))"',
            )
        return key


Protection = Passphrase | ProtectionKey


def _encode_passphrase(text: Hidden[str]) -> Hidden[bytes] | None:
    try:
        return Hidden(unicodedata.normalize("NFC", text.reveal()).encode())
    except UnicodeEncodeError:
        return None


def _decode_key(text: Hidden[str]) -> Hidden[bytes] | None:
    try:
        key = Hidden(from_text("", text.reveal()))
    except EnvelopeMalformed:
        return None
    return key if len(key.reveal()) == KEY_BYTES else None


def _run_argon2id(passphrase: Hidden[bytes], protect: Argon2idProtect) -> Hidden[bytes] | None:
    try:
        return Hidden(
            hash_secret_raw(
                secret=passphrase.reveal(),
                salt=protect.salt,
                time_cost=protect.parameters.passes,
                memory_cost=protect.parameters.memory_kib,
                parallelism=protect.parameters.lanes,
                hash_len=KEY_BYTES,
                type=Type.ID,
                version=ARGON2_VERSION,
            )
        )
    except (HashingError, MemoryError):
        return None
