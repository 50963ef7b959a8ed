"""The local KEK as `fieldvault.ports.KekProvider`: wraps data keys under a key from one file (spec keyring-v1 §7).

Rules of this file:

1. A file is refused as early as it can be: for its mode, then its text, then its bounds, then its seal.
2. There is one version, 1. To replace a local KEK, create another and wrap its keys anew.
3. Calls share nothing but the key, and each wrap draws its nonce from the operating system: threads and forked
   children need nothing special.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Never, Self

from fieldvault.core.aead import AeadKey
from fieldvault.core.context import canonical
from fieldvault.core.derive import KEY_BYTES, LOCAL_KEK_WRAP_AAD_LABEL
from fieldvault.core.envelope import HEADER_BYTES, OVERHEAD_BYTES, VERSION_1
from fieldvault.errors import AuthenticationFailed, ConfigurationError, KekMisconfigured, KeyWrapRefused
from fieldvault.kek.hidden import Hidden
from fieldvault.kek.local.disk import read_private, refuse_existing, write_new
from fieldvault.kek.local.kek_file import MAX_FILE_BYTES, parse
from fieldvault.kek.local.protection import Passphrase, Protection, ProtectionKey
from fieldvault.kek.local.sealing import open_kek, seal_kek

WRAPPED_BYTES = OVERHEAD_BYTES + KEY_BYTES


class LocalKekWarning(UserWarning):
    """A local KEK is in use. It is for development: it sits beside the data, and this process sees it."""


class LocalKek:
    """A KEK from a file, by `create` or `open`. Both warn (`LocalKekWarning`) before they do anything else."""

    __slots__ = ("_aad", "_key")

    def __init__(self, key: AeadKey) -> None:
        self._key = key
        self._aad = canonical([LOCAL_KEK_WRAP_AAD_LABEL, key.header])

    @classmethod
    def create(cls, path: str | os.PathLike[str], protection: Protection) -> Self:
        """A new random KEK in a new file of mode 0600, whole on disk before it has that name.

        Raises `KekMisconfigured` if there is anything of that name already, the file cannot be written, or the
        protection has no usable secret.
        """
        _warn_for_development()
        if not _is_protection(protection):
            del protection
            raise _no_protection()
        path = Path(path)
        refuse_existing(path)
        protect = protection.for_new_file()
        protection_key = protection.key(protect)
        kek = Hidden(os.urandom(KEY_BYTES))
        file = seal_kek(kek, protection_key, protect)
        write_new(path, file.text())
        return cls(AeadKey(kek.reveal(), file.kek_id))

    @classmethod
    def open(cls, path: str | os.PathLike[str], protection: Protection) -> Self:
        """The KEK in this file. A symbolic link is followed; what is checked is the file at its end.

        Raises `KekMisconfigured` if the file is missing, open to group or others, or malformed, if its Argon2id
        parameters are out of bounds, or if the passphrase or key does not open it.
        """
        _warn_for_development()
        if not _is_protection(protection):
            del protection
            raise _no_protection()
        path = Path(path)
        file = parse(read_private(path, MAX_FILE_BYTES))
        key = open_kek(file, protection.key(file.protect))
        if key is None:
            raise KekMisconfigured(
                f"the passphrase or key does not open the local KEK {path}, or the file was altered",
                hint="the two cannot be told apart: try the right file's copy, and another passphrase",
            )
        return cls(key)

    @property
    def name(self) -> str:
        """`local:` and the KEK's id."""
        return f"local:{self._key.key_id.hex()}"

    def wrap(self, keys: Sequence[bytes]) -> list[bytes]:
        """77 bytes for each 32-byte key, in order. Raises `KekMisconfigured` if one is no such key."""
        bad = [at for at, key in enumerate(keys) if not isinstance(key, bytes) or len(key) != KEY_BYTES]
        if not bad:
            return [self._key.seal(key, self._aad) for key in keys]
        del keys
        raise KekMisconfigured(f"item {bad[0]} is not a data key: it must be {KEY_BYTES} bytes")

    def unwrap(self, wrapped: Sequence[bytes]) -> list[bytes | KeyWrapRefused]:
        """The 32-byte keys, in order; an item that is refused is returned as its error."""
        return [self._unwrap_one(item) for item in wrapped]

    def version_of(self, wrapped: bytes) -> int:
        """1, for what has the form of a key wrapped by some local KEK. Raises `KeyWrapRefused` otherwise."""
        well_formed = _is_well_formed(wrapped)
        del wrapped
        if not well_formed:
            raise _malformed()
        return 1

    def _unwrap_one(self, wrapped: bytes) -> bytes | KeyWrapRefused:
        if not _is_well_formed(wrapped):
            return _malformed()
        if wrapped[:HEADER_BYTES] != self._key.header:
            return KeyWrapRefused("the key was wrapped by another local KEK", hint=f"this one is {self.name}")
        try:
            return self._key.open(wrapped, self._aad)
        except AuthenticationFailed:
            return KeyWrapRefused(
                "the wrapped key does not authenticate under the local KEK", hint="the key store was altered"
            )

    def __repr__(self) -> str:
        return f"<LocalKek {self.name}>"

    def __reduce__(self) -> Never:
        raise TypeError("a KEK cannot be pickled or copied")


def _is_well_formed(wrapped: object) -> bool:
    return isinstance(wrapped, bytes) and len(wrapped) == WRAPPED_BYTES and wrapped.startswith(VERSION_1)


def _malformed() -> KeyWrapRefused:
    return KeyWrapRefused(
        f"not a key wrapped by a local KEK: that has {WRAPPED_BYTES} bytes and starts with 0x01",
        hint="the key store was altered or truncated, or the key was wrapped by another kind of KEK",
    )


def _is_protection(protection: object) -> bool:
    return isinstance(protection, Passphrase | ProtectionKey)


def _no_protection() -> ConfigurationError:
    # Somebody passed the passphrase itself; the caller has dropped it from its frame.
    return ConfigurationError("the protection must be a Passphrase or a ProtectionKey")


def _warn_for_development() -> None:
    """Points at the line that called `create` or `open`; by default Python shows it once for each such line."""
    warnings.warn(
        "a local KEK is for development: it sits beside the data; use Vault or OpenBao transit in production",
        LocalKekWarning,
        stacklevel=3,
    )
