"""The MAC key of one exact blind index (spec index-v1)."""

from __future__ import annotations

from typing import Any, NoReturn

from fieldvault.errors import SchemaError

MIN_BITS, MAX_BITS = 8, 256
MAX_VERSION = 255


class IndexKey:
    """A 32-byte HMAC-SHA256 key with the version and the number of bits that its values have."""

    __slots__ = ("key", "last_byte_mask", "native", "prefix", "value_bytes")

    def __init__(self, key: bytes, *, version: int, bits: int) -> None:
        check_bits(bits)
        if not 1 <= version <= MAX_VERSION:
            raise SchemaError(f"an index key's version is 1 to {MAX_VERSION}, not {version}")
        self.key = key
        self.prefix = version.to_bytes(1, "big")
        self.value_bytes = -(-bits // 8)
        self.native: Any = None
        """The native core's own form of this key, made when it is first asked for."""
        self.last_byte_mask = 0xFF & ~((1 << (8 * self.value_bytes - bits)) - 1)

    @property
    def version(self) -> int:
        return self.prefix[0]

    def __repr__(self) -> str:
        return f"<IndexKey version {self.version}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys cannot be pickled or copied")


def check_bits(bits: int) -> None:
    """Raises `SchemaError` unless 8 to 256."""
    if not MIN_BITS <= bits <= MAX_BITS:
        raise SchemaError(f"a blind index keeps {MIN_BITS} to {MAX_BITS} bits, not {bits}")
