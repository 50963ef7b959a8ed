"""FF1, format-preserving encryption (NIST SP 800-38G; spec token-v1 §6), behind one small class.

The cipher is libffx's, which gives NIST's sample vectors; docs/decisions/2026-11-22-ff1-by-libffx.md says why it
was taken. What reaches it has been checked, because its errors quote characters of the message.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NoReturn

from fieldvault.core.context import canonical
from fieldvault.errors import FormatTooSmall, MissingExtra, ValueRefused

KEY_BYTES = 64
MIN_TOKENS = 10**6
"""Fewer possible tokens can be searched, and attacked (SP 800-38G, and its draft revision 1)."""
MAX_NUMERALS = 256
"""FF1's arithmetic is on numbers of this many digits, so its time grows faster than their count."""
_TWEAK_BYTES = 7
"""With up to 8 bytes for half of the numerals (38 decimal digits in all), a round is one block of AES."""


class Ff1Key:
    """AES-256-FF1 and the tweak's MAC under one key and one place. Thread-safe, as libffx's instances are."""

    __slots__ = ("_ciphers", "_key", "_tweak_key")

    def __init__(self, key: bytes, place: bytes) -> None:  # noqa: ARG002 - the key is bound to its place already
        self._key, self._tweak_key = key[:32], key[32:]
        self._ciphers: dict[str, Any] = {}

    def encrypt_deterministically(self, alphabet: str, numerals: str, kept: Sequence[str]) -> str:
        """As many numerals. `kept` is what stays of the value beside them: it is in the tweak."""
        text: str = self._cipher(alphabet).encrypt(numerals, tweak=self._tweak(kept))
        return text

    def decrypt(self, alphabet: str, numerals: str, kept: Sequence[str]) -> str:
        """The numerals that these were made from, or others, where they were made otherwise: nothing tells."""
        text: str = self._cipher(alphabet).decrypt(numerals, tweak=self._tweak(kept))
        return text

    def _cipher(self, alphabet: str) -> Any:
        found = self._ciphers.get(alphabet)
        if found is None:
            found = self._ciphers[alphabet] = library().FF1(self._key, alphabet=alphabet)
        return found

    def _tweak(self, kept: Sequence[str]) -> bytes:
        message = canonical([one.encode() for one in kept])
        return hmac.digest(self._tweak_key, message, "sha256")[:_TWEAK_BYTES]

    def __repr__(self) -> str:
        return "<Ff1Key>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys cannot be pickled or copied")


def require_size(radix: int, numerals: int) -> None:
    """Raises `FormatTooSmall` under 10^6 possible tokens, `ValueRefused` for more than 256 numerals."""
    if numerals > MAX_NUMERALS:
        raise ValueRefused(f"more than {MAX_NUMERALS} characters to replace", hint="take a SivToken for long texts")
    if numerals < 2 or radix**numerals < MIN_TOKENS:
        raise FormatTooSmall(
            f"{numerals} characters of an alphabet of {radix} would be replaced: under 10^6 possible tokens",
            hint="keep less of the value, or take a SivToken or a LookupToken",
        )


def library() -> ModuleType:
    """libffx. Raises `MissingExtra`."""
    try:
        import ffx
    except ImportError:
        raise MissingExtra("format-preserving tokens", extra="tokens") from None
    return ffx  # type: ignore[no-any-return]
