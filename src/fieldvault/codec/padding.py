"""Padding policies: how much of a value's length its ciphertext may show.

A field may change its policy at any time: every codec decodes padded and unpadded plaintexts alike (spec
envelope-v1 §5). Lengths here are those of the whole typed plaintext: the type byte, the value and the padding,
whose marker is at least one byte. An envelope adds 45 bytes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from fieldvault.codec import plaintext
from fieldvault.codec.base import Codec, T
from fieldvault.errors import SchemaError, ValueRefused

MAX_STEP = 1 << 20
"""The largest length a policy may be given, so that a slip of the pen does not fill the disk."""


class Padding(ABC):
    """How long a typed plaintext becomes."""

    @abstractmethod
    def apply(self, typed: bytes) -> bytes:
        """`typed`, padded. Raises `ValueRefused` where the policy has no room for it."""


@dataclass(frozen=True, slots=True)
class NoPadding(Padding):
    """The ciphertext shows the value's exact length in bytes."""

    def apply(self, typed: bytes) -> bytes:
        return typed


@dataclass(frozen=True, slots=True)
class PadToMultiple(Padding):
    """Up to the next multiple of `of` bytes (2 to 2^20)."""

    of: int

    def __post_init__(self) -> None:
        _check_step("of", self.of)

    def apply(self, typed: bytes) -> bytes:
        return plaintext.pad(typed, (len(typed) // self.of + 1) * self.of)


@dataclass(frozen=True, slots=True)
class PadToPowerOfTwo(Padding):
    """Up to the next power of two, and to at least `minimum` bytes, itself a power of two (2 to 2^20)."""

    minimum: int = 16

    def __post_init__(self) -> None:
        _check_step("minimum", self.minimum)
        if self.minimum & (self.minimum - 1):
            raise SchemaError("PadToPowerOfTwo's minimum must be a power of two")

    def apply(self, typed: bytes) -> bytes:
        # The bit length of n is that of the first power of two above n, so there is room for the marker.
        return plaintext.pad(typed, max(self.minimum, 1 << len(typed).bit_length()))


@dataclass(frozen=True, slots=True)
class PadTo(Padding):
    """To exactly `length` bytes (2 to 2^20): the ciphertext shows nothing of the length. Longer is refused."""

    length: int

    def __post_init__(self) -> None:
        _check_step("length", self.length)

    def apply(self, typed: bytes) -> bytes:
        if len(typed) >= self.length:
            raise ValueRefused(
                f"the value is longer than its padding to {self.length} bytes allows",
                hint=f"there is room for {self.length - 2} bytes of value",
            )
        return plaintext.pad(typed, self.length)


class Padded(Codec[T]):
    """`codec`, padded as `padding` says."""

    def __init__(self, codec: Codec[T], padding: Padding) -> None:
        self._codec = codec.bare
        self.padding = padding
        self.tag = codec.tag
        self.name = codec.name
        self.python_type = codec.python_type
        self.null_plaintext = padding.apply(plaintext.NULL_PLAINTEXT)

    @property
    def bare(self) -> Codec[T]:
        return self._codec

    def encode(self, value: T) -> bytes:
        return self.padding.apply(self._codec.encode(value))

    def decode(self, typed: bytes) -> T:
        return self._codec.decode(typed)

    def decode_body(self, body: bytes) -> T:
        return self._codec.decode_body(body)

    def encode_many(self, values: Sequence[T]) -> list[bytes]:
        apply = self.padding.apply
        return [apply(typed) for typed in self._codec.encode_many(values)]

    def decode_many(self, typed: Sequence[bytes]) -> list[T]:
        return self._codec.decode_many([plaintext.unpad(one) for one in typed])

    def to_text(self, value: T) -> str:
        return self._codec.to_text(value)

    def from_text(self, text: str) -> T:
        return self._codec.from_text(text)

    def __repr__(self) -> str:
        return f"<codec {self.name}, {self.padding}>"


def _check_step(what: str, value: int) -> None:
    if type(value) is not int or not 2 <= value <= MAX_STEP:
        raise SchemaError(f"a padding's {what} must be an int from 2 to {MAX_STEP}")
