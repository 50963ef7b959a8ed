"""The values behind look-up tokens, sealed (spec token-v1 §10).

Where the domain is not split, they are sealed under the domain's own key. Where it is split, under a random key
that a second KEK wraps and that is then forgotten: a process that may encrypt under that KEK, and not decrypt, can
seal and never open what others sealed. One such key serves a process for `FRESH_SECONDS` and `FRESH_USES` at the
most, so that a single value costs no call to the KEK.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Sequence
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from fieldvault.core.derive import KEY_BYTES, derive_token_key
from fieldvault.errors import FieldvaultError, KeyWrapRefused, TokenRefused, TokenTableError
from fieldvault.keyring import DataKey
from fieldvault.keyring.forks import notify_after_fork
from fieldvault.ports import Clock, KekProvider
from fieldvault.pseudonyms.place import DomainPlace
from fieldvault.pseudonyms.siv import KEY_BYTES as SIV_KEY_BYTES
from fieldvault.pseudonyms.table_port import SealingKeyRecord, TokenTable
from fieldvault.pseudonyms.tokeniser import Tokeniser

SEAL_KIND = "lookup-seal"
KEY_ID_BYTES = 16
FRESH_SECONDS = 300.0
FRESH_USES = 2**16


class SealKey:
    """AES-256-SIV under one key and one place; each value is bound to its token."""

    __slots__ = ("_cipher", "_place")

    def __init__(self, key: bytes, place: bytes) -> None:
        self._cipher = AESSIV(key)
        self._place = place

    def seal_many(self, inputs: Sequence[bytes], tokens: Sequence[bytes]) -> list[bytes]:
        """Each input under its token. The token is random, so equal values are sealed differently."""
        return [self._cipher.encrypt(one, [self._place, token]) for one, token in zip(inputs, tokens, strict=True)]

    def open(self, sealed: bytes, token: bytes) -> bytes:
        """The input. Raises `TokenRefused`."""
        try:
            return self._cipher.decrypt(sealed, [self._place, token])
        except InvalidTag:
            pass
        raise TokenRefused(
            "the value behind the token does not open in this domain, for this tenant, under this name",
            hint="right column? otherwise the token table was altered",
        )

    def __repr__(self) -> str:
        return "<SealKey>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys cannot be pickled or copied")


class _Fresh:
    """A random key with its id, for a while. Its repr shows nothing."""

    __slots__ = ("key", "key_id", "until", "uses_left")

    def __init__(self, key: bytes, key_id: bytes, until: float) -> None:
        self.key = key
        self.key_id = key_id
        self.until = until
        self.uses_left = FRESH_USES


class TokenSealing:
    """One domain's part of a token table, and the keys that its values are sealed under. Thread-safe."""

    def __init__(self, place: DomainPlace, table: TokenTable, kek: KekProvider | None, clock: Clock) -> None:
        self.place = place
        self.table = table
        self.clock = clock
        self._kek = kek
        self._fresh: _Fresh | None = None
        self._lock = threading.Lock()
        notify_after_fork(self)

    def sealing(self, tokeniser: Tokeniser, key: DataKey, uses: int) -> tuple[bytes | None, SealKey]:
        """What to seal with under the domain's key, and its id where it is not the domain's own."""
        place = tokeniser.place(self.place, key.version, SEAL_KIND)
        if self._kek is None:
            return None, key.token_key(place, SIV_KEY_BYTES, SealKey)
        fresh = self._current(self._kek, uses)
        return fresh.key_id, SealKey(derive_token_key(fresh.key, place, SIV_KEY_BYTES), place)

    def unwrapped(self, key_ids: Collection[bytes]) -> dict[bytes, bytes | FieldvaultError]:
        """The sealing keys of a split domain, or why there is none. One call to the KEK. Raises `KekError`."""
        records = self.table.sealing_keys(self.place, key_ids)
        found: dict[bytes, bytes | FieldvaultError] = {
            key_id: TokenTableError("the token table lacks the key that the value is sealed under")
            for key_id in key_ids
        }
        kek = self._kek
        if kek is None:
            refused = "the value is sealed under another KEK, and this process has none for it"
            return {key_id: KeyWrapRefused(refused, hint="Domain(…, sealing_kek=…)") for key_id in key_ids}
        usable = [record for record in records.values() if record.kek == kek.name]
        found |= {
            record.key_id: KeyWrapRefused(f"the sealing key is wrapped by {record.kek}, not by {kek.name}")
            for record in records.values()
            if record.kek != kek.name
        }
        if usable:
            keys = kek.unwrap([record.wrapped for record in usable])
            found |= {record.key_id: key for record, key in zip(usable, keys, strict=True)}
        return found

    def erase(self) -> int:
        """Delete all that the table has of this domain."""
        with self._lock:
            self._fresh = None
        return self.table.erase(self.place)

    def _current(self, kek: KekProvider, uses: int) -> _Fresh:
        with self._lock:
            fresh = self._fresh
            if fresh is None or self.clock.monotonic() >= fresh.until or fresh.uses_left < uses:
                fresh = self._fresh = self._made(kek)
            fresh.uses_left -= uses
            return fresh

    def _made(self, kek: KekProvider) -> _Fresh:
        # The wrapped key is in the table before anything is sealed under it.
        until = self.clock.monotonic() + FRESH_SECONDS
        fresh = _Fresh(os.urandom(KEY_BYTES), os.urandom(KEY_ID_BYTES), until)
        [wrapped] = kek.wrap([fresh.key])
        record = SealingKeyRecord(fresh.key_id, kek.name, wrapped, self.clock.now())
        self.table.add_sealing_key(self.place, record)
        return fresh

    def after_fork_in_child(self) -> None:
        """A new lock: a thread of the parent may have held the old one."""
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<TokenSealing of {self.place}>"
